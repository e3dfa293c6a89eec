/** Where drums are drawn: `adt_plugins.formats.notation.staff`. */

import { STAFF } from "../core/tables";
import type { Head } from "./score";

/** Where drums are drawn on the staff, and their heads. */
export const PLACES: Readonly<Record<string, readonly [height: number, head: Head]>> = STAFF.PLACES;

/** The kind that a coarse drum is drawn as; on paper they are one. */
export const usualOf = (drum: string): string =>
  (STAFF.USUAL as Readonly<Record<string, string>>)[drum] ?? drum;
