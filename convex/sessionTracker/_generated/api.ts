/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type * as archiving from "../archiving.js";
import type * as budgets from "../budgets.js";
import type * as counters from "../counters.js";
import type * as cronSpecs from "../cronSpecs.js";
import type * as crons from "../crons.js";
import type * as cursors from "../cursors.js";
import type * as cutoffs from "../cutoffs.js";
import type * as dueFires from "../dueFires.js";
import type * as errors from "../errors.js";
import type * as exporting from "../exporting.js";
import type * as fires from "../fires.js";
import type * as futureTimes from "../futureTimes.js";
import type * as health from "../health.js";
import type * as hooks from "../hooks.js";
import type * as importedActions from "../importedActions.js";
import type * as importing from "../importing.js";
import type * as lifecycle from "../lifecycle.js";
import type * as overview from "../overview.js";
import type * as pageSizes from "../pageSizes.js";
import type * as pages from "../pages.js";
import type * as policy from "../policy.js";
import type * as previews from "../previews.js";
import type * as runRows from "../runRows.js";
import type * as runs from "../runs.js";
import type * as schedules from "../schedules.js";
import type * as search from "../search.js";
import type * as sessions from "../sessions.js";
import type * as settings from "../settings.js";
import type * as shared from "../shared.js";
import type * as stats from "../stats.js";
import type * as tallies from "../tallies.js";
import type * as ticks from "../ticks.js";
import type * as tracking from "../tracking.js";
import type * as version from "../version.js";
import type * as visits from "../visits.js";
import type * as walks from "../walks.js";
import type * as watchdog from "../watchdog.js";
import type * as wholeSessions from "../wholeSessions.js";
import type * as zones from "../zones.js";

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import { anyApi, componentsGeneric } from "convex/server";

const fullApi: ApiFromModules<{
  archiving: typeof archiving;
  budgets: typeof budgets;
  counters: typeof counters;
  cronSpecs: typeof cronSpecs;
  crons: typeof crons;
  cursors: typeof cursors;
  cutoffs: typeof cutoffs;
  dueFires: typeof dueFires;
  errors: typeof errors;
  exporting: typeof exporting;
  fires: typeof fires;
  futureTimes: typeof futureTimes;
  health: typeof health;
  hooks: typeof hooks;
  importedActions: typeof importedActions;
  importing: typeof importing;
  lifecycle: typeof lifecycle;
  overview: typeof overview;
  pageSizes: typeof pageSizes;
  pages: typeof pages;
  policy: typeof policy;
  previews: typeof previews;
  runRows: typeof runRows;
  runs: typeof runs;
  schedules: typeof schedules;
  search: typeof search;
  sessions: typeof sessions;
  settings: typeof settings;
  shared: typeof shared;
  stats: typeof stats;
  tallies: typeof tallies;
  ticks: typeof ticks;
  tracking: typeof tracking;
  version: typeof version;
  visits: typeof visits;
  walks: typeof walks;
  watchdog: typeof watchdog;
  wholeSessions: typeof wholeSessions;
  zones: typeof zones;
}> = anyApi as any;

/**
 * A utility for referencing Convex functions in your app's public API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
export const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
> = anyApi as any;

/**
 * A utility for referencing Convex functions in your app's internal API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = internal.myModule.myFunction;
 * ```
 */
export const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
> = anyApi as any;

export const components = componentsGeneric() as unknown as {
  workpool: import("@convex-dev/workpool/_generated/component.js").ComponentApi<"workpool">;
  crons: import("@convex-dev/crons/_generated/component.js").ComponentApi<"crons">;
  shardedCounter: import("@convex-dev/sharded-counter/_generated/component.js").ComponentApi<"shardedCounter">;
};
