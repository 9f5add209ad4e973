/** The pages whose `console` blocks are run: the first by `processes/operating`, the others by `processes/pages`. */
export const OPERATING = "docs/operating.md";
export const OTHER_PAGES = ["README.md", "docs/privacy.md"];

export const EXECUTED_PAGES = [OPERATING, ...OTHER_PAGES];
