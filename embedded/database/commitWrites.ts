import type { Key } from "../storage/store.js";
import type { Catalog, Table } from "./catalog.js";
import { encodeId } from "./ids.js";
import { documentHead, HEAD_BYTES, isMetaKey, metaName } from "./keyspace.js";
import type { CommitWrites } from "./types.js";

/** What a commit's keys mean, worked out only for a listener that asks. */
export function commitWrites(
  keys: readonly Key[],
  catalog: Catalog,
): CommitWrites {
  return {
    get documents() {
      const tables = tablesByHead(catalog);
      return keys.flatMap((key) => {
        const table = tables.get(key.slice(0, HEAD_BYTES));
        return table === undefined
          ? []
          : [
              {
                component: table.component,
                table: table.name,
                id: encodeId(table.number, key.slice(HEAD_BYTES)),
              },
            ];
      });
    },
    get metaKeys() {
      return keys.filter(isMetaKey).map(metaName);
    },
  };
}

function tablesByHead(catalog: Catalog): Map<Key, Table> {
  return new Map(
    [...catalog.components.values()].flatMap(({ tables }) =>
      [...tables.values()].map(
        (table) => [documentHead(table.id), table] as const,
      ),
    ),
  );
}
