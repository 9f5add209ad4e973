/** `doctor` */
export interface DoctorJson {
  /** No finding is a problem. */
  healthy: boolean;
  findings: FindingJson[];
}

export interface FindingJson {
  check: string;
  /** `skipped`: it could not be looked at because of another finding, or needs `--deep`. */
  result: "ok" | "warning" | "problem" | "fixed" | "skipped";
  message: string;
  /** What to do about it. */
  remedy?: string;
}
