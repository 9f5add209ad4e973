/** Receives what the deployment logs: one line each, never a secret. */
export type Log = (message: string) => void;
