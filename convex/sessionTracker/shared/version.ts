/** Of the component and the CLI, as in package.json. Alone, so that the CLI knows it at once. */
export const VERSION = "0.1.0";
