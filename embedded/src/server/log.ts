/** Where the deployment says what it does; one line each, never a secret. */
export type Log = (message: string) => void;
