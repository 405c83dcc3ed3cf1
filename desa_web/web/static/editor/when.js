// Times as villages write them: 10.42.
export function clock(moment) {
  const at = new Date(moment);
  return `${at.getHours()}.${String(at.getMinutes()).padStart(2, "0")}`;
}
