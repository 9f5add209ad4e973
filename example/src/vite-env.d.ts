interface ImportMetaEnv {
  /** The deployment, as `npm run example` sets it. */
  readonly VITE_CONVEX_URL: string;
}
