// Times as villages write them: 10.42.
export function clock(moment) {
  const at = new Date(moment);
  return [at.getHours(), at.getMinutes()].map((n) => String(n).padStart(2, "0")).join(".");
}
