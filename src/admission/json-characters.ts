// The characters that the structure of JSON is told by, as their codes: the same in UTF-8, UTF-16 and ASCII (RFC 8259).

/** Begins and ends a string. */
export const quote = 0x22;
/** In a string, takes its meaning from the character behind it. */
export const backslash = 0x5c;
/** Begins a list. */
export const openBracket = 0x5b;
/** Ends a list. */
export const closeBracket = 0x5d;
/** Begins an object. */
export const openBrace = 0x7b;
/** Ends an object. */
export const closeBrace = 0x7d;
