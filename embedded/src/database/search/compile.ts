import type { JSONValue } from "convex/values";
import type { Key } from "../../storage/store.js";
import { EmbeddedError } from "../../errors.js";
import { filterText } from "./rows.js";
import type { SearchIndex } from "./searchIndex.js";
import { termsOf } from "./tokenizer.js";

/** Limits of one search, by Convex's own names for them. */
const MAX_QUERY_TERMS = 16;
const MAX_FILTER_CONDITIONS = 8;

/** A filter of `withSearchIndex`, as the client serialises it. */
export type SearchFilter =
  | { readonly type: "Search"; readonly fieldPath: string; value: string }
  | { readonly type: "Eq"; readonly fieldPath: string; value: JSONValue };

/** A search whose fields were found in its index. */
export interface CompiledSearch {
  /** In the order of the text, with their repetitions; the last one stands for all that begin with it. */
  readonly terms: readonly Key[];
  /** Filter fields by their number in the index, with what rows keep of the value. */
  readonly filters: readonly { readonly field: number; readonly value: Key }[];
}

/**
 * The text that filters search for.
 * @throws EmbeddedError "invalidQuery" where they have none
 */
export function searchedText(
  indexName: string,
  filters: readonly SearchFilter[],
): string {
  const search = filters.find(({ type }) => type === "Search");
  if (search !== undefined) return search.value as string;
  throw invalid(
    `Search query against ${indexName} does not contain any search filters. You must include a search filter like \`q.search("field", searchText)\`.`,
  );
}

/**
 * Checks filters against an index, in Convex's words.
 * @throws EmbeddedError "invalidQuery"
 */
export function compileSearch(
  indexName: string,
  index: SearchIndex,
  filters: readonly SearchFilter[],
): CompiledSearch {
  const query = `Search query against ${indexName}`;
  let text: string | undefined;
  const conditions: CompiledSearch["filters"][number][] = [];
  for (const { type, fieldPath, value } of filters) {
    if (type === "Eq") {
      const field = index.filterFields.indexOf(fieldPath);
      if (field < 0) {
        throw invalid(
          `${query} contains an equality filter on "${fieldPath}" but that field isn't indexed for filtering in \`filterFields\`.`,
        );
      }
      conditions.push({ field, value: filterText(value) });
      continue;
    }
    if (fieldPath !== index.searchField) {
      throw invalid(
        `${query} contains a search filter against "${fieldPath}", which doesn't match the indexed \`searchField\` "${index.searchField}".`,
      );
    }
    if (text !== undefined) {
      throw invalid(
        `${query} contains multiple search filters against "${fieldPath}". Only one is allowed.`,
      );
    }
    text = value;
  }
  if (conditions.length > MAX_FILTER_CONDITIONS) {
    throw invalid(
      `${query} has too many filter conditions. Max: ${MAX_FILTER_CONDITIONS} Actual: ${conditions.length}`,
    );
  }
  return { terms: firstTerms(text ?? ""), filters: conditions };
}

/** Terms beyond the limit are left out, as on Convex. */
function firstTerms(text: string): Key[] {
  const terms: Key[] = [];
  for (const term of termsOf(text)) {
    terms.push(term);
    if (terms.length === MAX_QUERY_TERMS) break;
  }
  return terms;
}

/**
 * Checks the form of filters, which user code can send by itself.
 * @throws EmbeddedError "invalidQuery"
 */
export function assertSearchFilters(
  filters: unknown,
): asserts filters is readonly SearchFilter[] {
  const isFilter = (filter: unknown) => {
    const { type, fieldPath, value } = Object(filter) as Partial<SearchFilter>;
    if (typeof fieldPath !== "string" || value === undefined) return false;
    if (type === "Search" && typeof value !== "string") {
      throw invalid(
        `What is searched for in "${fieldPath}" must be a string, got ${JSON.stringify(value)}.`,
      );
    }
    return type === "Eq" || type === "Search";
  };
  if (Array.isArray(filters) && filters.every(isFilter)) return;
  throw invalid(`Not the filters of a search: ${JSON.stringify(filters)}.`);
}

function invalid(problem: string): EmbeddedError {
  return new EmbeddedError("invalidQuery", problem);
}
