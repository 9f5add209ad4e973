import type { FindingJson } from "../json/doctor.js";

export type Finding = FindingJson;

export function ok(check: string, message: string): Finding {
  return { check, result: "ok", message };
}

export function warning(
  check: string,
  message: string,
  remedy: string,
): Finding {
  return { check, result: "warning", message, remedy };
}

export function problem(
  check: string,
  message: string,
  remedy: string,
): Finding {
  return { check, result: "problem", message, remedy };
}

export function fixed(check: string, message: string): Finding {
  return { check, result: "fixed", message };
}

export function skipped(check: string, message: string): Finding {
  return { check, result: "skipped", message };
}
