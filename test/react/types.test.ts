import { expectTypeOf, test } from "vitest";
import type { api } from "../../convex/_generated/api.js";
import type {
  SessionFunctions,
  SessionTrackerOptions,
  SessionTracking,
  useActiveSessions,
  useAnonymousId,
  useOwnVisit,
} from "../../react/index.js";

type Exposed = (typeof api)["sessions"];

test("the functions of exposeSessions are accepted as they are", () => {
  expectTypeOf<Exposed>().toExtend<SessionFunctions>();
  expectTypeOf<{ functions: Exposed }>().toExtend<SessionTrackerOptions>();
  type Active = NonNullable<Parameters<typeof useActiveSessions>[0]>;
  expectTypeOf<{ functions: Exposed }>().toExtend<Active>();
  type Own = NonNullable<Parameters<typeof useOwnVisit>[0]>;
  expectTypeOf<{ functions: Exposed }>().toExtend<Own>();
});

test("functions with other arguments or of another kind are rejected", () => {
  type Given = NonNullable<SessionTrackerOptions["functions"]>;
  expectTypeOf<{
    trackSession: Exposed["getActiveSessions"];
  }>().not.toExtend<Given>();
  expectTypeOf<{
    trackSession: Exposed["cleanupOldSessions"];
  }>().not.toExtend<Given>();
  expectTypeOf<{
    trackUserAction: Exposed["trackSession"];
  }>().not.toExtend<Given>();
});

test("hooks return the types that docs/react.md documents", () => {
  expectTypeOf<ReturnType<typeof useAnonymousId>>().toEqualTypeOf<
    string | null
  >();
  expectTypeOf<keyof SessionTracking>().toEqualTypeOf<
    | "anonymousId"
    | "status"
    | "error"
    | "trackUserAction"
    | "endSession"
    | "reset"
  >();
});
