// Words that more than one part of the page says.

export const named = (digit) => `${digit === "8" ? "an" : "a"} ${digit}`;
