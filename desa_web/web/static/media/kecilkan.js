// Shrinks a phone's photo in the browser to what the server keeps anyway, where that saves bytes.
// Anything doubtful (an old browser, no memory, transparency) leaves the file as it is.
const EDGE = 2560;
const WORTH_BYTES = 500 * 1024;
const TYPES = ["image/jpeg", "image/webp", "image/heic", "image/heif", "image/avif"];

export async function kecilkan(file) {
  if (!TYPES.includes(file.type) || file.size < WORTH_BYTES || !self.createImageBitmap) return file;
  let picture = null;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const factor = Math.min(1, EDGE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * factor);
    canvas.height = Math.round(picture.height * factor);
    const context = canvas.getContext("2d", { alpha: false });
    context.imageSmoothingQuality = "high";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.88));
    canvas.width = canvas.height = 0;
    if (!blob || blob.type !== "image/jpeg" || blob.size > file.size * 0.8) return file;
    const name = file.name.replace(/\.[^.]*$/, "") + ".jpg";
    return new File([blob], name, { type: "image/jpeg", lastModified: file.lastModified });
  } catch (error) {
    return file;
  } finally {
    if (picture && picture.close) picture.close();
  }
}
