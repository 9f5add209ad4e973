/**
 * `sessions-ops/cli`: types of what the CLI prints with `--json` and `--jsonl`, which `cli.schema.json` has as JSON
 * Schemas. `describe --json` says which command prints which. Times are ISO 8601 in UTC, what ends in `Ms` is in ms.
 *
 * @packageDocumentation
 */
export type { CliErrorCode } from "./errors.js";
export type {
  CheckedDeploymentJson,
  DeploymentChangeJson,
  DeploymentCheckJson,
  DeploymentJson,
  DeploymentListJson,
  DeploymentUseJson,
} from "./json/deployments/deployments.js";
export type { ConflictsJson } from "./json/status/conflicts.js";
export type { DoctorJson, FindingJson } from "./json/doctor.js";
export type { DryRunJson, ManyDryRunJson } from "./json/dryRun.js";
export type { ErrorJson } from "./json/error.js";
export type {
  HookDebtJson,
  HookFailureJson,
  HookJson,
  HooksClearJson,
  HooksJson,
  HooksRetryJson,
  HooksSettleJson,
} from "./json/hooks.js";
export type { AuditEntryJson, LogJson } from "./json/log.js";
export type { MetricsJson } from "./json/metrics/metrics.js";
export type {
  ArgumentJson,
  CommandJson,
  DescribeJson,
  ExitCodeJson,
  OptionJson,
} from "./json/program/describe.js";
export type { DashboardJson, ServeJson } from "./json/ready.js";
export type {
  FilterJson,
  GoesOnJson,
  RunChangeJson,
  RunJson,
  RunListJson,
  RunResultJson,
  RunShowJson,
} from "./json/run.js";
export type {
  FireJson,
  PauseJson,
  ScheduleChangeJson,
  ScheduleHistoryJson,
  ScheduleJson,
  ScheduleListJson,
  SchedulePreviewJson,
  WindowJson,
} from "./json/schedule.js";
export type {
  ActionJson,
  EndJson,
  ForgetJson,
  ListJson,
  SessionJson,
  ShowJson,
  UnblockJson,
  VisitJson,
} from "./json/session.js";
export type {
  LogEntryJson,
  RetentionJson,
  ScheduleSettingJson,
  SettingsChangeJson,
  SettingsJson,
  SettingsLogJson,
  SettingsPartJson,
  SettingsShownJson,
  SettingsValuesJson,
} from "./json/settings.js";
export type {
  DayJson,
  FiguresJson,
  SourceJson,
  StatsJson,
} from "./json/stats.js";
export type { StatusJson } from "./json/status/status.js";
export type { TargetJson } from "./json/target.js";
export type { ExportJson, ImportJson } from "./json/transfer.js";
export type {
  DeliveryJson,
  WebhookAddedJson,
  WebhookEnabledJson,
  WebhookJson,
  WebhookListJson,
  WebhookLogJson,
  WebhookRemovedJson,
  WebhookResentJson,
  WebhookRotatedJson,
  WebhookTestedJson,
} from "./json/webhooks/webhooks.js";
