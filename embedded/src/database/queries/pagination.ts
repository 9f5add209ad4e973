import { createHash } from "node:crypto";
import { EmbeddedError } from "../../errors.js";
import { DEFAULT_LIMITS } from "../metrics.js";
import { softLimit, type Position, type ReadContext } from "./indexScan.js";
import {
  applyOperators,
  openScan,
  type ResolvedSource,
  type Scan,
} from "./query.js";
import type { Steps } from "../steps.js";
import type {
  QueryJson,
  QueryPageRequest,
  QueryPageResult,
  StoredDocument,
} from "../types.js";
import type { View } from "../records/view.js";

/** Length beyond which Convex recommends to split a page. */
const SOFT_MAX_PAGE_LENGTH = softLimit(8192);

/**
 * Reads one page of a query. It stops at `pageSize` documents without looking ahead, so a last page
 * that is full is followed by an empty one. With an `endCursor` it ends there, however many
 * documents that are.
 */
export function* readPage(
  view: View,
  source: ResolvedSource | null,
  context: ReadContext,
  request: QueryPageRequest,
): Steps<QueryPageResult> {
  checkRequest(request);
  const { query, pageSize, maximumRowsRead, maximumBytesRead } = request;
  const cursors = new Cursors(fingerprint(query, source));
  const start = cursors.decode(request.cursor);
  const requestedEnd = cursors.decode(request.endCursor ?? null);
  // A page from the end stays there, also when its `endCursor` is before it.
  const end = start === "end" ? start : requestedEnd;
  if (source === null) {
    return {
      page: [],
      isDone: end === null || end === "end",
      continueCursor: cursors.encode(end ?? "end"),
      splitCursor: null,
      pageStatus: null,
    };
  }
  const scan = openScan(view, source, context, {
    start,
    end,
    maximumRowsRead: maximumRowsRead ?? null,
    maximumBytesRead: maximumBytesRead ?? null,
    rows: query.operators.length === 0 ? pageSize : undefined,
  });
  let collected: ReturnType<typeof collect>;
  try {
    if (scan.find !== undefined) yield* scan.find();
    collected = collect(scan, query, end === null ? pageSize : Infinity);
  } finally {
    scan.close();
  }
  const { page, cutShort } = collected;
  const position = end ?? scan.position;
  if (position === null) {
    throw new EmbeddedError(
      "internal",
      "A page ended before anything was read.",
    );
  }
  const split = scan.splitPosition;
  return {
    page,
    isDone: position === "end",
    continueCursor: cursors.encode(position),
    splitCursor: split === null ? null : cursors.encode(split),
    pageStatus: pageStatus(scan, page, cutShort),
  };
}

function collect(scan: Scan, query: QueryJson, pageSize: number) {
  const rows = applyOperators(scan, query.operators);
  const page: StoredDocument[] = [];
  try {
    while (page.length < pageSize) {
      const document = rows.next();
      if (document === null) {
        break;
      }
      page.push(document);
    }
  } catch (error) {
    const reachedLimit =
      error instanceof EmbeddedError && error.code === "limitExceeded";
    if (reachedLimit && scan.position !== null) {
      return { page, cutShort: true };
    }
    throw error;
  }
  return { page, cutShort: false };
}

function pageStatus(
  scan: Scan,
  page: readonly StoredDocument[],
  cutShort: boolean,
): QueryPageResult["pageStatus"] {
  if (cutShort) {
    return "SplitRequired";
  }
  return scan.isApproachingLimit || page.length > SOFT_MAX_PAGE_LENGTH
    ? "SplitRecommended"
    : null;
}

function checkRequest({
  pageSize,
  maximumRowsRead,
  maximumBytesRead,
}: QueryPageRequest): void {
  if (!Number.isInteger(pageSize)) {
    throw new EmbeddedError(
      "invalidQuery",
      `Invalid arguments for \`queryPage\`: invalid type: floating point \`${pageSize}\`, expected usize`,
    );
  }
  if (pageSize < 0) {
    throw new EmbeddedError(
      "invalidQuery",
      `Invalid arguments for \`queryPage\`: invalid value: integer \`${pageSize}\`, expected usize`,
    );
  }
  if (pageSize === 0) {
    throw new EmbeddedError(
      "invalidQuery",
      "Must request at least 1 document while paginating",
    );
  }
  if (pageSize > DEFAULT_LIMITS.documentsRead) {
    throw new EmbeddedError(
      "invalidQuery",
      `Requested too many items: ${pageSize}`,
    );
  }
  if (maximumRowsRead === 0 || maximumBytesRead === 0) {
    throw new EmbeddedError(
      "invalidQuery",
      "maximumRowsRead and maximumBytesRead must be greater than 0",
    );
  }
}

/** Identity of a query, which binds cursors to it: the same rows in the same order. */
function fingerprint(query: QueryJson, source: ResolvedSource | null): string {
  const paths =
    source !== null && "interval" in source ? source.index.paths : [];
  return createHash("sha256")
    .update(JSON.stringify([query, paths]))
    .digest("base64url")
    .slice(0, 16);
}

/** Opaque text for positions in one query's index. */
class Cursors {
  readonly #fingerprint: string;

  constructor(queryFingerprint: string) {
    this.#fingerprint = queryFingerprint;
  }

  encode(position: Position): string {
    const place =
      position === "end"
        ? "."
        : Buffer.from(position.after, "latin1").toString("base64url");
    return `${this.#fingerprint}${place}`;
  }

  decode(cursor: string | null): Position | null {
    if (cursor === null) {
      return null;
    }
    const place = cursor.slice(this.#fingerprint.length);
    if (!cursor.startsWith(this.#fingerprint) || place === "") {
      throw new EmbeddedError(
        "invalidQuery",
        "InvalidCursor: Tried to run a query starting from a cursor, but it looks like " +
          "this cursor is from a different query.",
        {
          data: { isConvexSystemError: true, paginationError: "InvalidCursor" },
        },
      );
    }
    return place === "."
      ? "end"
      : { after: Buffer.from(place, "base64url").toString("latin1") };
  }
}
