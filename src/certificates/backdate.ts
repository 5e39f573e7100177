// How clocks that differ are allowed for.

/** Certificates are valid from so long ago on. */
export const backdateMs = 3_600_000;
