import { createHash } from "node:crypto";
import { encodeId, RAW_ID_BYTES } from "../../database/values/ids.js";

/**
 * Numbers of the tables that rows of other records are shown as; none of them exists, so that no
 * such id finds a document.
 */
const NUMBERS = {
  _auth: 9101,
  _cron_jobs: 9102,
  _cron_next_run: 9103,
  _cron_job_logs: 9104,
  _deployment_audit_log: 9105,
  _environment_variables: 9106,
  _source_packages: 9107,
} as const;

/** `_id` and `_creationTime` of a record that is shown as a row: the same for the same name. */
export function systemId(
  table: keyof typeof NUMBERS,
  name: string,
  creationTime = 0,
): { _id: string; _creationTime: number } {
  const raw = createHash("sha256")
    .update(name)
    .digest()
    .toString("latin1")
    .slice(0, RAW_ID_BYTES);
  return { _id: encodeId(NUMBERS[table], raw), _creationTime: creationTime };
}
