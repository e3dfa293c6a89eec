/** Knows where drums are drawn: the port of `adt_plugins.formats.notation.staff`. */

import { STAFF } from "../core/tables";
import type { Head } from "./score";

/** Height on the staff, and head, of each drum. */
export const PLACES: Readonly<Record<string, readonly [height: number, head: Head]>> = STAFF.PLACES;

/** Return the kind as which a coarse drum is drawn. */
export const usualOf = (drum: string): string =>
  (STAFF.USUAL as Readonly<Record<string, string>>)[drum] ?? drum;
