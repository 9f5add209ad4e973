interface ImportMetaEnv {
  /** The address of the deployment, as `npm run example` sets it. */
  readonly VITE_CONVEX_URL: string;
}
