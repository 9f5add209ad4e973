import type { Key } from "../../storage/store.js";
import type { ReadSet } from "../queries/readSet.js";
import type { KeyInterval } from "../types.js";

/**
 * What the engine itself read for a mutation: due jobs, request records, its own tables, the
 * catalog. It does not count against the function's limits, but a commit that changes any of it is
 * a conflict as much as one that changes what the function read.
 */
export class EngineReads {
  readonly keys = new Set<Key>();
  readonly intervals: KeyInterval[] = [];
  /** Components whose tables were looked up; their entries in the catalog were read. */
  readonly components = new Set<string>();
}

/** All that a mutation read. */
export interface MutationReads {
  readonly documents: ReadSet;
  readonly engine: EngineReads;
}
