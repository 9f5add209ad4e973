import { createHash } from "node:crypto";
import type { Random } from "../../support/random.js";

const TYPES = ["text/plain", "image/png", undefined];

export type Kind = "query" | "mutation" | "action";

/** A file as it should be. */
export interface ModelFile {
  readonly text: string;
  readonly type: string | undefined;
}

/** What all sides are asked, and what it should come to. */
export interface Operation {
  readonly kind: Kind;
  readonly name: string;
  readonly args: object;
  /** The file it is about. */
  readonly file?: number;
  /** `"failed"` where it should fail. */
  readonly expected: unknown;
  /** Whether convex-test has it. */
  readonly isShared: boolean;
  /** The new file that its value is the id of. */
  readonly stores?: ModelFile;
  readonly removes?: boolean;
}

/** What a call comes to that throws. */
export const FAILED = "failed";

/**
 * A random operation on files.
 * @param model - the files that are there, by their numbers
 * @param next - the number of the next file; those below it are there, or were
 */
export function chooseOperation(
  random: Random,
  model: ReadonlyMap<number, ModelFile>,
  next: number,
): Operation {
  const text = "x".repeat(random.below(50)) + String(random.below(1_000));
  const type = random.pick(TYPES);
  const content = { text, ...(type === undefined ? {} : { type }) };
  const storing = { args: content, stores: { text, type }, expected: "an id" };
  if (next === 0)
    return { kind: "action", name: "store", isShared: true, ...storing };
  const file = random.below(next);
  const there = model.get(file);
  const about = { args: {}, file, isShared: true };
  const orFailed = (value: unknown) => (there === undefined ? FAILED : value);
  switch (
    random.weighted({
      store: 6,
      storeInMutation: 2,
      storeAndFail: 1,
      read: 4,
      url: 2,
      row: 2,
      metadata: 2,
      rows: 2,
      bySize: 1,
      remove: 3,
      removeAndFail: 2,
      removeCaught: 2,
      removeInAction: 2,
    })
  ) {
    case "store":
      return { kind: "action", name: "store", isShared: true, ...storing };
    case "storeInMutation":
      return {
        kind: "mutation",
        name: "storeInMutation",
        isShared: false,
        ...storing,
      };
    case "storeAndFail":
      return {
        kind: "mutation",
        name: "storeInMutation",
        args: { ...content, fail: true },
        isShared: false,
        expected: FAILED,
      };
    case "read":
      return {
        kind: "action",
        name: "read",
        ...about,
        expected:
          there === undefined
            ? null
            : {
                text: there.text,
                type: there.type ?? "",
                size: there.text.length,
                isBlob: true,
              },
      };
    case "url":
      return {
        kind: "query",
        name: "url",
        ...about,
        expected: there === undefined ? null : "a URL",
      };
    case "row":
      return {
        kind: "query",
        name: "row",
        ...about,
        expected: there === undefined ? null : [file, there.text.length],
      };
    case "metadata":
      return {
        kind: "query",
        name: "metadata",
        ...about,
        isShared: false,
        expected: there === undefined ? null : metadataOf(there),
      };
    case "rows":
      return {
        kind: "query",
        name: "rows",
        args: {},
        isShared: false,
        expected: [...model].map(([n, one]) => [n, one.text.length]),
      };
    case "bySize": {
      const size = there?.text.length ?? 1_000;
      return {
        kind: "query",
        name: "bySize",
        args: { size },
        isShared: false,
        expected: [...model]
          .filter(([, one]) => one.text.length === size)
          .map(([n]) => [n, size])
          .reverse(),
      };
    }
    case "remove":
      return {
        kind: "mutation",
        name: "remove",
        ...about,
        removes: true,
        expected: orFailed(null),
      };
    case "removeAndFail":
      return {
        kind: "mutation",
        name: "remove",
        ...about,
        args: { fail: true },
        expected: FAILED,
      };
    case "removeCaught":
      return {
        kind: "mutation",
        name: "removeCaught",
        ...about,
        expected: there === undefined ? null : "a URL",
      };
    case "removeInAction":
      return {
        kind: "action",
        name: "removeInAction",
        ...about,
        removes: true,
        expected: orFailed(null),
      };
  }
}

function metadataOf({ text, type }: ModelFile) {
  return {
    sha256: createHash("sha256").update(text).digest("hex"),
    size: text.length,
    contentType: type ?? null,
  };
}
