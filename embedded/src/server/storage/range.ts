/** The part of a file that a request asks for. */
export type RequestedPart =
  | { readonly kind: "whole" }
  /** From `start` (inclusive) to `end` (exclusive). */
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

/**
 * Reads a `Range` header as Convex does: a header of another unit counts as none, and one that does
 * not ask for exactly one part cannot be satisfied. An empty file has no parts.
 */
export function requestedPart(
  header: string | undefined,
  sizeBytes: number,
): RequestedPart {
  if (header?.startsWith("bytes=") !== true || sizeBytes === 0) {
    return { kind: "whole" };
  }
  const [, first = "", last = ""] =
    /^\s*(\d*)\s*-\s*(\d*)\s*$/.exec(header.slice("bytes=".length)) ?? [];
  if (first === "" && last === "") return { kind: "unsatisfiable" };
  const [start, end] =
    first === ""
      ? [Math.max(0, sizeBytes - Number(last)), sizeBytes]
      : [
          Number(first),
          last === "" ? sizeBytes : Math.min(Number(last) + 1, sizeBytes),
        ];
  return start < end ? { kind: "part", start, end } : { kind: "unsatisfiable" };
}
