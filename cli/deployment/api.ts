/**
 * The component's functions as the CLI names them, `module:function`, with the types that the
 * official codegen took from the functions themselves.
 */
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
  FunctionType,
} from "convex/server";
import type { ComponentApi } from "../../convex/sessionTracker/_generated/component.js";

/** The names below a folder of the component, or in one of its modules. */
type NamesOf<Node, Type extends FunctionType, Path extends string> = {
  [Key in keyof Node & string]: Node[Key] extends FunctionReference<
    Type,
    "internal"
  >
    ? `${Path}:${Key}`
    : Node[Key] extends FunctionReference<FunctionType, "internal">
      ? never
      : NamesOf<Node[Key], Type, Path extends "" ? Key : `${Path}/${Key}`>;
}[keyof Node & string];

export type QueryName = NamesOf<ComponentApi, "query", "">;
/** Mutations, and actions, which write by mutations of theirs. */
export type MutationName = NamesOf<ComponentApi, "mutation" | "action", "">;
export type FunctionName = QueryName | MutationName;

type At<
  Node,
  Path extends string,
> = Path extends `${infer Folder extends keyof Node & string}/${infer Rest}`
  ? At<Node[Folder], Rest>
  : Path extends `${infer Module extends keyof Node & string}:${infer Fn}`
    ? Node[Module][Fn & keyof Node[Module]]
    : never;

type Reference<Name extends FunctionName> = Extract<
  At<ComponentApi, Name>,
  FunctionReference<FunctionType, "internal">
>;

export type Args<Name extends FunctionName> = FunctionArgs<Reference<Name>>;
export type Returns<Name extends FunctionName> = FunctionReturnType<
  Reference<Name>
>;

export type ImportRow = Args<"operator/import:batch">["rows"][number];
export type ImportCounts = Returns<"operator/import:batch">;
export type SessionWithLease = NonNullable<Returns<"operator/show:get">>;
export type Action = Returns<"operator/show:timeline">["actions"][number];
export type SessionVisit = Returns<"operator/visits:list">["visits"][number];
export type Day = Returns<"operator/stats:days">[number];
export type Sources = Returns<"operator/stats:sources">;
export type Run = NonNullable<Returns<"runs/ledger:get">>;
export type Schedule = Returns<"schedules/show:list">[number];
export type Fire = Returns<"schedules/history:page">["fires"][number];
export type Status = Returns<"operator/status:get">;
export type AuditEntry = Returns<"operator/log:page">["entries"][number];
export type LogEntry = Returns<"settings/settings:log">[number];
export type Backlog = Returns<"operator/status:backlog">;
export type PreviewPage = Returns<"runs/preview:purge">;
export type WholeSession = Returns<"operator/export:page">["sessions"][number];
export type ArchivePage = Returns<"runs/archive:nextPage">;
export type ArchivePageDone = Returns<"runs/archive:purgePage">;
export type Webhook = Status["webhooks"][number];
export type ListedWebhook = Returns<"alerts/webhooks:list">[number];
export type Delivery = NonNullable<Returns<"alerts/deliveries:get">>;
