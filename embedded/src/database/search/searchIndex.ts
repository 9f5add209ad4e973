import type { Key } from "../../storage/store.js";

/** An index over the words of a field, as the catalog has it. */
export interface SearchIndex {
  readonly kind: "search";
  readonly name: string;
  readonly id: number;
  readonly searchField: string;
  readonly searchPath: readonly string[];
  /** Distinct and in order. */
  readonly filterFields: readonly string[];
  readonly filterPaths: readonly (readonly string[])[];
  /** Beginning of the rows' keys. */
  readonly head: Key;
  /** Beginning of the keys of its counts. */
  readonly countsHead: Key;
  /** Whether a document's place begins with its creation time, as its raw id may not. */
  readonly hasOwnOrder: boolean;
}
