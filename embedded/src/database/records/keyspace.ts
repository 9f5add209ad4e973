import { prefixEnd, type Key } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";
import { encodeUint32 } from "../values/valueEncoding.js";

/** Leading byte of each kind of key in the store. */
const SPACE = {
  clock: "\x01",
  component: "\x02",
  rowCount: "\x03",
  document: "\x04",
  index: "\x05",
  meta: "\x06",
  retired: "\x07",
  indexCount: "\x08",
} as const;

/** Key of the high-water marks of time, and of the next numbers for tables and indexes. */
export const CLOCK_KEY: Key = `${SPACE.clock}clock`;
export const COUNTERS_KEY: Key = `${SPACE.clock}counters`;

export const COMPONENTS = spaceOf(SPACE.component);

export function componentKey(path: string): Key {
  return SPACE.component + utf8(path);
}

export function rowCountKey(tableId: number): Key {
  return SPACE.rowCount + encodeUint32(tableId);
}

/** Head of the keys of a table's documents; the raw id follows. */
export function documentHead(tableId: number): Key {
  return SPACE.document + encodeUint32(tableId);
}

/** Head of an index's keys; the encoded fields and the raw id follow. */
export function indexHead(indexId: number): Key {
  return SPACE.index + encodeUint32(indexId);
}

/** Head of the keys of an index's counts. */
export function countsHead(indexId: number): Key {
  return SPACE.indexCount + encodeUint32(indexId);
}

/** Keys whose values are the counts of indexes; none is 0, which is no key. */
export const INDEX_COUNTS = spaceOf(SPACE.indexCount);

/** Key that marks all keys under a head as retired. */
export function retiredKey(head: Key): Key {
  return SPACE.retired + head;
}

export const RETIRED = spaceOf(SPACE.retired);

/** The head in a key made by {@link retiredKey}; undefined for other keys. */
export function retiredHead(key: Key): Key | undefined {
  return key.startsWith(SPACE.retired) ? key.slice(1) : undefined;
}

/** Length of {@link documentHead}, {@link indexHead} and {@link countsHead}. */
export const HEAD_BYTES = 5;

/** The part that all keys of one table or index share. */
export function headOf(key: Key): Key {
  return key.slice(0, HEAD_BYTES);
}

/**
 * Names what is read together: a table's documents, an index, or all of another kind of key. No
 * interval that a transaction reads reaches from one into another.
 */
export function readGroup(key: Key): Key {
  const space = key.slice(0, 1);
  return space === SPACE.document || space === SPACE.index
    ? headOf(key)
    : space;
}

/** Keys whose values are the numbers of tables' documents. */
export const ROW_COUNTS = spaceOf(SPACE.rowCount);

export function metaKey(name: string): Key {
  const key = SPACE.meta + utf8(name);
  if (key.length > MAX_META_KEY_BYTES) {
    throw new EmbeddedError(
      "invalidArgument",
      `The meta key ${name.slice(0, 80)}… has ${key.length} bytes, more than ${MAX_META_KEY_BYTES}.`,
    );
  }
  return key;
}

const MAX_META_KEY_BYTES = 1900;

export function metaName(key: Key): string {
  return Buffer.from(key.slice(1), "latin1").toString("utf8");
}

/** A name for what a key outside of tables belongs to. */
export function areaOf(key: Key): string {
  switch (key.slice(0, 1)) {
    case SPACE.meta:
      return `_${metaName(key).split("/", 1)[0]}`;
    case SPACE.rowCount:
      return "_counts";
    default:
      return "_tables";
  }
}

export const META = spaceOf(SPACE.meta);

function spaceOf(space: Key): { lower: Key; upper: Key } {
  return { lower: space, upper: prefixEnd(space) };
}

function utf8(text: string): Key {
  return Buffer.from(text, "utf8").toString("latin1");
}
