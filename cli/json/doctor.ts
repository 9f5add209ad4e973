/** Output of `doctor` */
export interface DoctorJson {
  /** Whether no finding is a problem. */
  healthy: boolean;
  findings: FindingJson[];
}

export interface FindingJson {
  check: string;
  /** `skipped`: it could not be looked at because of another finding, or needs `--deep`. */
  result: "ok" | "warning" | "problem" | "fixed" | "skipped";
  message: string;
  /** The advice on the finding. */
  remedy?: string;
}
