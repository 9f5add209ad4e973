/**
 * The component's functions as the CLI names them, `module:function`, with the types that the
 * official codegen took from the functions themselves.
 */
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
} from "convex/server";
import type { ComponentApi } from "../../convex/sessionTracker/_generated/component.js";

type Modules = ComponentApi;

type NamesOf<Type extends "query" | "mutation"> = {
  [Module in keyof Modules]: {
    [
      Fn in keyof Modules[Module]
    ]: Modules[Module][Fn] extends FunctionReference<Type, "internal">
      ? `${Module}:${Fn & string}`
      : never;
  }[keyof Modules[Module]];
}[keyof Modules];

export type QueryName = NamesOf<"query">;
export type MutationName = NamesOf<"mutation">;
export type FunctionName = QueryName | MutationName;

type Reference<Name extends FunctionName> =
  Name extends `${infer Module extends keyof Modules}:${infer Fn}`
    ? Extract<
        Modules[Module][Fn & keyof Modules[Module]],
        FunctionReference<"query" | "mutation", "internal">
      >
    : never;

export type Args<Name extends FunctionName> = FunctionArgs<Reference<Name>>;
export type Returns<Name extends FunctionName> = FunctionReturnType<
  Reference<Name>
>;

export type ImportRow = Args<"importing:importBatch">["rows"][number];
export type ImportCounts = Returns<"importing:importBatch">;
export type SessionWithLease = NonNullable<Returns<"sessions:get">>;
export type Action = Returns<"sessions:timeline">["actions"][number];
export type Run = NonNullable<Returns<"runs:get">>;
export type Schedule = Returns<"schedules:list">[number];
export type Status = Returns<"stats:status">;
export type LogEntry = Returns<"settings:log">[number];
export type Backlog = Returns<"stats:backlog">;
export type PreviewPage = Returns<"previews:purge">;
export type WholeSession = Returns<"exporting:page">["sessions"][number];
export type ArchivePage = Returns<"archiving:nextPage">;
export type ArchivePageDone = Returns<"archiving:purgePage">;
