/** Alarms of a deployment, each paid for by the month; deployment.test.ts counts them. */
export const alarmCount = 27;
