import type { Key } from "../../storage/store.js";

/** An index over vectors in a field, as the catalog has it. */
export interface VectorIndex {
  readonly kind: "vector";
  readonly name: string;
  readonly id: number;
  readonly vectorField: string;
  readonly vectorPath: readonly string[];
  readonly dimensions: number;
  /** Distinct and in order. */
  readonly filterFields: readonly string[];
  readonly filterPaths: readonly (readonly string[])[];
  /** Beginning of the rows' keys; the raw id of the document follows. */
  readonly head: Key;
}
