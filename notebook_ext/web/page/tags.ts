/** What a recording is called on paper: the port of `adt_plugins.formats.song_names`. */

/** A text with spaces for what no printer prints. */
export const printable = (text: string): string => text.replace(/[\p{C}\p{Z}]/gu, " ").trim();
