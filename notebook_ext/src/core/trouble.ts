/** An error whose message is a sentence for the user. */
export class Trouble extends Error {}
