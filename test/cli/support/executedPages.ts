/**
 * The pages whose `console` blocks are run: by `processes/operating`, by `processes/jobs/ci`, and the others by
 * `processes/pages`.
 */
export const OPERATING = "docs/operating.md";
export const OTHER_PAGES = ["README.md", "docs/privacy.md"];

const JOBS = "docs/ci.md";

export const EXECUTED_PAGES = [OPERATING, JOBS, ...OTHER_PAGES];
