// Addresses of links. The server has the last word (desa_web/core/html/links.py); this is its comfort.

const MAX_CHARS = 2000;

// An address that may stand in a text, or "".
export function canonicalHref(href) {
  const text = (href || "").replace(/[\u0000-\u001f\u007f-\u00a0]/g, "").trim();
  if (!text || text.length > MAX_CHARS) return "";
  if (/^tel:/i.test(text)) return telephone(text.slice(4));
  if (/^(https?:\/\/[^/\s]|mailto:.*@)/i.test(text)) return text;
  if (/^\/\/[^/]/.test(text)) return `https:${text}`;
  if (/^\/(?!\/)/.test(text)) return text;
  return /^www\./i.test(text) ? `https://${text}` : "";
}

// What a person types as an address: with or without scheme, an e-mail, a telephone number.
export function hrefOf(typed) {
  const text = typed.trim();
  if (!text || /\s/.test(text.replace(/^[+\d][\d\s().-]+$/, ""))) return "";
  if (/^[^\s@/:]+@[^\s@/]+\.[a-z]{2,}$/i.test(text)) return `mailto:${text}`;
  if (/^\+?\d[\d\s().-]{6,}$/.test(text)) return telephone(text);
  const known = canonicalHref(text);
  if (known) return known;
  return /^[\w-]+(\.[\w-]+)+(:\d{1,5})?([/?#].*)?$/.test(text) ? `https://${text}` : "";
}

function telephone(text) {
  const number = text.replace(/[^0-9+*#;,.()-]/g, "");
  return number ? `tel:${number}` : "";
}

export const isOutgoing = (href) => /^https?:/i.test(href);
