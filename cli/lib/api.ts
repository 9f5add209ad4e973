import type {
  Action,
  Cursor,
  Policy,
  Run,
  RunKind,
  RunStarted,
  RunStatus,
  RunTrigger,
  ScheduleName,
  ScheduleStatus,
  Session,
  SessionState,
  Settings,
} from "../../convex/sessionTracker/shared.js";

/** Functions are named by string where they are called, so this is the contract that types them. */
interface Signature {
  args: Record<string, unknown>;
  returns: unknown;
}

interface Fn<Args, Returns> extends Signature {
  args: Args & Record<string, unknown>;
  returns: Returns;
}

type NoArgs = Record<never, never>;

export interface ActivityRow {
  anonymousId: string;
  lastActive: number;
  actionCount: number;
  idle: boolean;
}

export type SessionWithLease = Session & {
  lease: Omit<ActivityRow, "anonymousId"> | null;
};

export interface ImportRow {
  anonymousId: string;
  createdAt: number;
  lastActive: number;
  actions?: Action[];
}

export interface ImportCounts {
  created: number;
  merged: number;
  unchanged: number;
  actions: number;
}

export interface Status {
  version: string;
  sessions: { total: number; active: number; expired: number; ended: number };
  settings: Settings & { revision: number };
  schedules: ScheduleStatus[];
  runs: Run[];
  watchdog: {
    lastAt: number | null;
    lastResult: string | null;
    gaveUp: { at: number; why: string } | null;
  };
}

export interface PreviewPage {
  sessions: number;
  actions: number;
  oldest: number | null;
  newest: number | null;
  cursor: Cursor | null;
}

export interface SettingsLogEntry {
  revision: number;
  at: number;
  actor: string;
  reason?: string;
  before: Record<string, unknown>;
  after: Record<string, unknown>;
}

interface Change {
  actor: string;
  reason?: string;
  expectedRevision?: number;
}

interface ScheduleChanged {
  revision: number;
  schedule: ScheduleStatus;
}

/** The component's functions that the CLI calls. Times are ms since the epoch. */
export interface ComponentApi {
  "sessions:list": Fn<
    { state?: SessionState; limit?: number; cursor?: string | null },
    { sessions: Session[]; cursor: string | null }
  >;
  "sessions:activity": Fn<{ anonymousIds: string[] }, ActivityRow[]>;
  "sessions:get": Fn<{ id: string }, SessionWithLease | null>;
  "sessions:timeline": Fn<
    { sessionId: string; limit?: number; before?: number },
    Action[]
  >;
  "importing:importBatch": Fn<{ rows: ImportRow[] }, ImportCounts>;
  "settings:get": Fn<NoArgs, Settings & { revision: number }>;
  "settings:change": Fn<
    { patch: Partial<Policy> } & Change,
    {
      revision: number;
      before: Record<string, unknown>;
      after: Record<string, unknown>;
    }
  >;
  "settings:log": Fn<{ limit?: number; before?: number }, SettingsLogEntry[]>;
  "schedules:list": Fn<NoArgs, ScheduleStatus[]>;
  "schedules:set": Fn<
    { name: ScheduleName; spec?: string; timeZone?: string } & Change,
    ScheduleChanged
  >;
  "schedules:pause": Fn<
    { name: ScheduleName; reason: string; until?: number; actor: string },
    ScheduleChanged
  >;
  "schedules:resume": Fn<{ name: ScheduleName } & Change, ScheduleChanged>;
  "schedules:preview": Fn<
    {
      name?: ScheduleName;
      spec?: string;
      timeZone?: string;
      count?: number;
      from?: number;
    },
    { spec: string; timeZone: string; fires: number[] }
  >;
  "runs:start": Fn<
    {
      kind: RunKind;
      cutoff?: number;
      actor: string;
      reason?: string;
      trigger: RunTrigger;
      token: string;
    },
    RunStarted
  >;
  "runs:get": Fn<{ runId: string }, Run | null>;
  "runs:list": Fn<{ limit?: number; before?: number; kind?: RunKind }, Run[]>;
  "runs:cancel": Fn<
    { runId: string; actor: string; reason?: string },
    { canceled: boolean; status: RunStatus }
  >;
  "runs:resume": Fn<
    { runId: string; actor: string },
    { resumed: boolean; status: RunStatus }
  >;
  "runs:preview": Fn<
    { kind: "purge"; cutoff: number; cursor?: Cursor | null },
    PreviewPage
  >;
  "stats:status": Fn<NoArgs, Status>;
  "stats:backlog": Fn<
    { limit?: number },
    { expire: number; purge: number; limit: number }
  >;
}
