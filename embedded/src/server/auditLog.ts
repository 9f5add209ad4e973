import type { JSONValue } from "convex/values";
import type { Transaction } from "../database/transactions/transaction.js";
import { integerJson } from "../database/transactions/commitTs.js";
import type { ApiRequest } from "./http/http.js";

/** Who changes the deployment, as far as the request tells. */
export interface AuditActor {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** Whoever has the deployment in the same process. */
export const SAME_PROCESS: AuditActor = { ip: null, userAgent: null };

/** Something that was done to the deployment, in the form that Convex gives it. */
export interface AuditEvent {
  readonly action: string;
  readonly metadata: { readonly [name: string]: JSONValue };
}

/** An entry of the audit log, with its number in it. */
export interface AuditEntry extends AuditEvent {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly creationTime: number;
  readonly actor: AuditActor;
}

const PREFIX = "audit/";
/** Entries that are kept: the latest ones. */
const MAX_ENTRIES = 2_000;
const NUMBER_DIGITS = 12;

export function actorOf(
  request: Pick<ApiRequest, "header" | "ip">,
): AuditActor {
  return { ip: request.ip, userAgent: request.header("user-agent") ?? null };
}

/** Adds entries in the commit of what they tell of; the oldest make room for them. */
export function recordEvents(
  tx: Transaction,
  actor: AuditActor,
  events: readonly AuditEvent[],
): void {
  const [latest] = auditEntries(tx, { reverse: true });
  let number = latest?.number ?? 0;
  for (const event of events) {
    number += 1;
    const entry: AuditEntry = {
      ...event,
      number,
      creationTime: tx.nextCreationTime(),
      actor,
    };
    tx.meta.put(keyOf(number), JSON.stringify(entry));
    if (number > MAX_ENTRIES) tx.meta.delete(keyOf(number - MAX_ENTRIES));
  }
}

/** Adds an entry for what was done in one component, which is told by its path. */
export function recordIn(
  tx: Transaction,
  actor: AuditActor,
  component: string,
  action: string,
  metadata: AuditEvent["metadata"],
): void {
  const path = component === "" ? null : component;
  recordEvents(tx, actor, [
    { action, metadata: { component_id: path, component: path, ...metadata } },
  ]);
}

/** Entries in the order of their numbers, or the latest first. */
export function* auditEntries(
  tx: Transaction,
  { reverse = false, from = 0, to = Infinity } = {},
): Iterable<AuditEntry> {
  const range = {
    reverse,
    from: keyOf(from),
    ...(to === Infinity ? {} : { to: keyOf(to) }),
  };
  for (const { value } of tx.meta.range(PREFIX, range)) {
    yield JSON.parse(value) as AuditEntry;
  }
}

/** Makes a live query run again when the log grows. */
export function watchAuditLog(tx: Transaction): void {
  tx.watchMeta(PREFIX);
}

/** The member as whom a self-hosted deployment's key acts, on Convex too. */
const ADMIN = JSON.parse(integerJson(0n)) as JSONValue;

/** An entry as a row of `_deployment_audit_log`, but for its id. */
export function auditRow({
  action,
  metadata,
  creationTime,
  actor,
}: AuditEntry): Record<string, JSONValue> {
  return {
    _creationTime: creationTime,
    action,
    metadata,
    member_id: ADMIN,
    token_id: null,
    app_client_id: null,
    client_ip: actor.ip,
    client_user_agent: actor.userAgent,
  };
}

function keyOf(number: number): string {
  return `${PREFIX}${String(number).padStart(NUMBER_DIGITS, "0")}`;
}
