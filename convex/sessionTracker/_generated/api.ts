/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type * as alerts_attempts from "../alerts/attempts.js";
import type * as alerts_deliveries from "../alerts/deliveries.js";
import type * as alerts_dispatch from "../alerts/dispatch.js";
import type * as alerts_metrics from "../alerts/metrics.js";
import type * as alerts_named from "../alerts/named.js";
import type * as alerts_post from "../alerts/post.js";
import type * as alerts_request from "../alerts/request.js";
import type * as alerts_retries from "../alerts/retries.js";
import type * as alerts_shown from "../alerts/shown.js";
import type * as alerts_webhooks from "../alerts/webhooks.js";
import type * as alerts_words from "../alerts/words.js";
import type * as crons from "../crons.js";
import type * as operator_export from "../operator/export.js";
import type * as operator_futureTimes from "../operator/futureTimes.js";
import type * as operator_health from "../operator/health.js";
import type * as operator_hooks from "../operator/hooks.js";
import type * as operator_import from "../operator/import.js";
import type * as operator_importActions from "../operator/importActions.js";
import type * as operator_importDays from "../operator/importDays.js";
import type * as operator_imports_mergeVisits from "../operator/imports/mergeVisits.js";
import type * as operator_imports_timeline from "../operator/imports/timeline.js";
import type * as operator_log from "../operator/log.js";
import type * as operator_overview from "../operator/overview.js";
import type * as operator_search from "../operator/search.js";
import type * as operator_show from "../operator/show.js";
import type * as operator_stats from "../operator/stats.js";
import type * as operator_status from "../operator/status.js";
import type * as operator_tally from "../operator/tally.js";
import type * as operator_visits from "../operator/visits.js";
import type * as rows_audit from "../rows/audit.js";
import type * as rows_counters from "../rows/counters.js";
import type * as rows_cursors from "../rows/cursors.js";
import type * as rows_days from "../rows/days.js";
import type * as rows_deletes from "../rows/deletes.js";
import type * as rows_erasures from "../rows/erasures.js";
import type * as rows_merge from "../rows/merge.js";
import type * as rows_outbox_outbox from "../rows/outbox/outbox.js";
import type * as rows_pages from "../rows/pages.js";
import type * as rows_patch from "../rows/patch.js";
import type * as rows_refusals from "../rows/refusals.js";
import type * as rows_runs_runTotals from "../rows/runs/runTotals.js";
import type * as rows_sessions from "../rows/sessions.js";
import type * as rows_tallies from "../rows/tallies.js";
import type * as rows_visits from "../rows/visits.js";
import type * as rows_walks from "../rows/walks.js";
import type * as rows_wholeSessions from "../rows/wholeSessions.js";
import type * as runs_archive from "../runs/archive.js";
import type * as runs_archivedRows from "../runs/archivedRows.js";
import type * as runs_bounds from "../runs/bounds.js";
import type * as runs_byAge from "../runs/byAge.js";
import type * as runs_chain from "../runs/chain.js";
import type * as runs_control from "../runs/control.js";
import type * as runs_cutoffs from "../runs/cutoffs.js";
import type * as runs_due from "../runs/due.js";
import type * as runs_ledger from "../runs/ledger.js";
import type * as runs_many_archived from "../runs/many/archived.js";
import type * as runs_many_asked from "../runs/many/asked.js";
import type * as runs_many_ending from "../runs/many/ending.js";
import type * as runs_many_erasing from "../runs/many/erasing.js";
import type * as runs_many_look from "../runs/many/look.js";
import type * as runs_many_ofUser from "../runs/many/ofUser.js";
import type * as runs_many_page from "../runs/many/page.js";
import type * as runs_many_preview from "../runs/many/preview.js";
import type * as runs_many_stages from "../runs/many/stages.js";
import type * as runs_many_terms from "../runs/many/terms.js";
import type * as runs_page from "../runs/page.js";
import type * as runs_pageSizes from "../runs/pageSizes.js";
import type * as runs_preview from "../runs/preview.js";
import type * as runs_previewByAge from "../runs/previewByAge.js";
import type * as runs_runRows from "../runs/runRows.js";
import type * as runs_start from "../runs/start.js";
import type * as schedules_change from "../schedules/change.js";
import type * as schedules_cronSpecs from "../schedules/cronSpecs.js";
import type * as schedules_dispatch from "../schedules/dispatch.js";
import type * as schedules_dueFires from "../schedules/dueFires.js";
import type * as schedules_failures from "../schedules/failures.js";
import type * as schedules_fires from "../schedules/fires.js";
import type * as schedules_firings from "../schedules/firings.js";
import type * as schedules_history from "../schedules/history.js";
import type * as schedules_hooks from "../schedules/hooks.js";
import type * as schedules_register from "../schedules/register.js";
import type * as schedules_show from "../schedules/show.js";
import type * as schedules_telling_backlog from "../schedules/telling/backlog.js";
import type * as schedules_telling_deliveries from "../schedules/telling/deliveries.js";
import type * as schedules_terms from "../schedules/terms.js";
import type * as schedules_ticks from "../schedules/ticks.js";
import type * as schedules_trim from "../schedules/trim.js";
import type * as schedules_watchdog from "../schedules/watchdog.js";
import type * as settings_changes from "../settings/changes.js";
import type * as settings_hookDebts from "../settings/hookDebts.js";
import type * as settings_hookStatus from "../settings/hookStatus.js";
import type * as settings_hooks from "../settings/hooks.js";
import type * as settings_hooksOfMany from "../settings/hooksOfMany.js";
import type * as settings_inForce from "../settings/inForce.js";
import type * as settings_overrides from "../settings/overrides.js";
import type * as settings_policy from "../settings/policy.js";
import type * as settings_settings from "../settings/settings.js";
import type * as settings_wholeRows from "../settings/wholeRows.js";
import type * as shared_appSessions from "../shared/appSessions.js";
import type * as shared_audit from "../shared/audit.js";
import type * as shared_days from "../shared/days.js";
import type * as shared_errors from "../shared/errors.js";
import type * as shared_fires_fire from "../shared/fires/fire.js";
import type * as shared_fires_windows from "../shared/fires/windows.js";
import type * as shared_fires_zones from "../shared/fires/zones.js";
import type * as shared_hooks from "../shared/hooks.js";
import type * as shared_limits from "../shared/limits.js";
import type * as shared_metrics_figures from "../shared/metrics/figures.js";
import type * as shared_metrics_metricsText from "../shared/metrics/metricsText.js";
import type * as shared_metrics_openMetrics from "../shared/metrics/openMetrics.js";
import type * as shared_places from "../shared/places.js";
import type * as shared_runs_bounds from "../shared/runs/bounds.js";
import type * as shared_runs_filter from "../shared/runs/filter.js";
import type * as shared_runs_kinds from "../shared/runs/kinds.js";
import type * as shared_runs_run from "../shared/runs/run.js";
import type * as shared_schedules from "../shared/schedules.js";
import type * as shared_sessionVisits from "../shared/sessionVisits.js";
import type * as shared_sessions from "../shared/sessions.js";
import type * as shared_settings from "../shared/settings.js";
import type * as shared_times from "../shared/times.js";
import type * as shared_transfer_dayRules from "../shared/transfer/dayRules.js";
import type * as shared_transfer_openVisits from "../shared/transfer/openVisits.js";
import type * as shared_transfer_visitRules from "../shared/transfer/visitRules.js";
import type * as shared_version from "../shared/version.js";
import type * as shared_visits from "../shared/visits.js";
import type * as shared_webhooks_events from "../shared/webhooks/events.js";
import type * as shared_webhooks_urls from "../shared/webhooks/urls.js";
import type * as shared_webhooks_webhook from "../shared/webhooks/webhook.js";
import type * as tracking from "../tracking.js";
import type * as visitors_action from "../visitors/action.js";
import type * as visitors_active from "../visitors/active.js";
import type * as visitors_appSessions from "../visitors/appSessions.js";
import type * as visitors_block from "../visitors/block.js";
import type * as visitors_closeVisit from "../visitors/closeVisit.js";
import type * as visitors_end from "../visitors/end.js";
import type * as visitors_forget from "../visitors/forget.js";
import type * as visitors_heartbeat from "../visitors/heartbeat.js";
import type * as visitors_link from "../visitors/link.js";
import type * as visitors_newcomers from "../visitors/newcomers.js";
import type * as visitors_ownVisit from "../visitors/ownVisit.js";
import type * as visitors_startVisit from "../visitors/startVisit.js";
import type * as visitors_timeline from "../visitors/timeline.js";

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import { anyApi, componentsGeneric } from "convex/server";

const fullApi: ApiFromModules<{
  "alerts/attempts": typeof alerts_attempts;
  "alerts/deliveries": typeof alerts_deliveries;
  "alerts/dispatch": typeof alerts_dispatch;
  "alerts/metrics": typeof alerts_metrics;
  "alerts/named": typeof alerts_named;
  "alerts/post": typeof alerts_post;
  "alerts/request": typeof alerts_request;
  "alerts/retries": typeof alerts_retries;
  "alerts/shown": typeof alerts_shown;
  "alerts/webhooks": typeof alerts_webhooks;
  "alerts/words": typeof alerts_words;
  crons: typeof crons;
  "operator/export": typeof operator_export;
  "operator/futureTimes": typeof operator_futureTimes;
  "operator/health": typeof operator_health;
  "operator/hooks": typeof operator_hooks;
  "operator/import": typeof operator_import;
  "operator/importActions": typeof operator_importActions;
  "operator/importDays": typeof operator_importDays;
  "operator/imports/mergeVisits": typeof operator_imports_mergeVisits;
  "operator/imports/timeline": typeof operator_imports_timeline;
  "operator/log": typeof operator_log;
  "operator/overview": typeof operator_overview;
  "operator/search": typeof operator_search;
  "operator/show": typeof operator_show;
  "operator/stats": typeof operator_stats;
  "operator/status": typeof operator_status;
  "operator/tally": typeof operator_tally;
  "operator/visits": typeof operator_visits;
  "rows/audit": typeof rows_audit;
  "rows/counters": typeof rows_counters;
  "rows/cursors": typeof rows_cursors;
  "rows/days": typeof rows_days;
  "rows/deletes": typeof rows_deletes;
  "rows/erasures": typeof rows_erasures;
  "rows/merge": typeof rows_merge;
  "rows/outbox/outbox": typeof rows_outbox_outbox;
  "rows/pages": typeof rows_pages;
  "rows/patch": typeof rows_patch;
  "rows/refusals": typeof rows_refusals;
  "rows/runs/runTotals": typeof rows_runs_runTotals;
  "rows/sessions": typeof rows_sessions;
  "rows/tallies": typeof rows_tallies;
  "rows/visits": typeof rows_visits;
  "rows/walks": typeof rows_walks;
  "rows/wholeSessions": typeof rows_wholeSessions;
  "runs/archive": typeof runs_archive;
  "runs/archivedRows": typeof runs_archivedRows;
  "runs/bounds": typeof runs_bounds;
  "runs/byAge": typeof runs_byAge;
  "runs/chain": typeof runs_chain;
  "runs/control": typeof runs_control;
  "runs/cutoffs": typeof runs_cutoffs;
  "runs/due": typeof runs_due;
  "runs/ledger": typeof runs_ledger;
  "runs/many/archived": typeof runs_many_archived;
  "runs/many/asked": typeof runs_many_asked;
  "runs/many/ending": typeof runs_many_ending;
  "runs/many/erasing": typeof runs_many_erasing;
  "runs/many/look": typeof runs_many_look;
  "runs/many/ofUser": typeof runs_many_ofUser;
  "runs/many/page": typeof runs_many_page;
  "runs/many/preview": typeof runs_many_preview;
  "runs/many/stages": typeof runs_many_stages;
  "runs/many/terms": typeof runs_many_terms;
  "runs/page": typeof runs_page;
  "runs/pageSizes": typeof runs_pageSizes;
  "runs/preview": typeof runs_preview;
  "runs/previewByAge": typeof runs_previewByAge;
  "runs/runRows": typeof runs_runRows;
  "runs/start": typeof runs_start;
  "schedules/change": typeof schedules_change;
  "schedules/cronSpecs": typeof schedules_cronSpecs;
  "schedules/dispatch": typeof schedules_dispatch;
  "schedules/dueFires": typeof schedules_dueFires;
  "schedules/failures": typeof schedules_failures;
  "schedules/fires": typeof schedules_fires;
  "schedules/firings": typeof schedules_firings;
  "schedules/history": typeof schedules_history;
  "schedules/hooks": typeof schedules_hooks;
  "schedules/register": typeof schedules_register;
  "schedules/show": typeof schedules_show;
  "schedules/telling/backlog": typeof schedules_telling_backlog;
  "schedules/telling/deliveries": typeof schedules_telling_deliveries;
  "schedules/terms": typeof schedules_terms;
  "schedules/ticks": typeof schedules_ticks;
  "schedules/trim": typeof schedules_trim;
  "schedules/watchdog": typeof schedules_watchdog;
  "settings/changes": typeof settings_changes;
  "settings/hookDebts": typeof settings_hookDebts;
  "settings/hookStatus": typeof settings_hookStatus;
  "settings/hooks": typeof settings_hooks;
  "settings/hooksOfMany": typeof settings_hooksOfMany;
  "settings/inForce": typeof settings_inForce;
  "settings/overrides": typeof settings_overrides;
  "settings/policy": typeof settings_policy;
  "settings/settings": typeof settings_settings;
  "settings/wholeRows": typeof settings_wholeRows;
  "shared/appSessions": typeof shared_appSessions;
  "shared/audit": typeof shared_audit;
  "shared/days": typeof shared_days;
  "shared/errors": typeof shared_errors;
  "shared/fires/fire": typeof shared_fires_fire;
  "shared/fires/windows": typeof shared_fires_windows;
  "shared/fires/zones": typeof shared_fires_zones;
  "shared/hooks": typeof shared_hooks;
  "shared/limits": typeof shared_limits;
  "shared/metrics/figures": typeof shared_metrics_figures;
  "shared/metrics/metricsText": typeof shared_metrics_metricsText;
  "shared/metrics/openMetrics": typeof shared_metrics_openMetrics;
  "shared/places": typeof shared_places;
  "shared/runs/bounds": typeof shared_runs_bounds;
  "shared/runs/filter": typeof shared_runs_filter;
  "shared/runs/kinds": typeof shared_runs_kinds;
  "shared/runs/run": typeof shared_runs_run;
  "shared/schedules": typeof shared_schedules;
  "shared/sessionVisits": typeof shared_sessionVisits;
  "shared/sessions": typeof shared_sessions;
  "shared/settings": typeof shared_settings;
  "shared/times": typeof shared_times;
  "shared/transfer/dayRules": typeof shared_transfer_dayRules;
  "shared/transfer/openVisits": typeof shared_transfer_openVisits;
  "shared/transfer/visitRules": typeof shared_transfer_visitRules;
  "shared/version": typeof shared_version;
  "shared/visits": typeof shared_visits;
  "shared/webhooks/events": typeof shared_webhooks_events;
  "shared/webhooks/urls": typeof shared_webhooks_urls;
  "shared/webhooks/webhook": typeof shared_webhooks_webhook;
  tracking: typeof tracking;
  "visitors/action": typeof visitors_action;
  "visitors/active": typeof visitors_active;
  "visitors/appSessions": typeof visitors_appSessions;
  "visitors/block": typeof visitors_block;
  "visitors/closeVisit": typeof visitors_closeVisit;
  "visitors/end": typeof visitors_end;
  "visitors/forget": typeof visitors_forget;
  "visitors/heartbeat": typeof visitors_heartbeat;
  "visitors/link": typeof visitors_link;
  "visitors/newcomers": typeof visitors_newcomers;
  "visitors/ownVisit": typeof visitors_ownVisit;
  "visitors/startVisit": typeof visitors_startVisit;
  "visitors/timeline": typeof visitors_timeline;
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
  deliveries: import("@convex-dev/workpool/_generated/component.js").ComponentApi<"deliveries">;
  crons: import("@convex-dev/crons/_generated/component.js").ComponentApi<"crons">;
  rateLimiter: import("@convex-dev/rate-limiter/_generated/component.js").ComponentApi<"rateLimiter">;
  shardedCounter: import("@convex-dev/sharded-counter/_generated/component.js").ComponentApi<"shardedCounter">;
};
