/**
 * The version of component and CLI, as in package.json; in a file of its own, so that the CLI reads it at
 * once.
 */
export const VERSION = "0.1.0";
