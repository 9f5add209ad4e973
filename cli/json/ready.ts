/** What commands print that go on until somebody ends them, once they are ready. */

/** `serve`, once the deployment is ready */
export interface ServeJson {
  ready: true;
  url: string;
  /** Where the app's HTTP actions are. */
  siteUrl: string;
  dataDir: string;
  adminKeyFile: string;
}

/** `dashboard`, once the page can be opened */
export interface DashboardJson {
  ready: true;
  /** Lets one browser in, once. */
  url: string;
}
