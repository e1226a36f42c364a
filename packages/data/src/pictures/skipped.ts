/**
 * Which picture a text of `onSkip` is about, "path (reason)". The reason may be worded otherwise the next time: libvips has one buffer of
 * errors for all threads, so what is said of a picture can begin with another's line.
 */
export function skippedPicture(text: string): string {
  const reason = text.lastIndexOf(' (');
  return reason < 0 ? text : text.slice(0, reason);
}
