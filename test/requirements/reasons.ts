/**
 * Why a row has no proof yet, or can't have one here, and what a proof leaves open. A row that got a proof
 * loses its reason; a row that is proved whole loses what it lacked.
 */

export interface Reason {
  /** One row, or the first and the last of several. */
  readonly rows: readonly [first: string, last?: string];
  readonly because: string;
}

const byApi =
  "a way through the cloud's own console, which nobody has to go: the product makes the gateway itself, through the cloud's API (R-001)";
const windows = "not built yet: an agent for Windows";

export const reasons: readonly Reason[] = [
  // --- scope ---
  {
    rows: ["R-003"],
    because: "the agent for Linux is there (R-137); not built yet: the one for Windows",
  },

  // --- the gateway, cloud by cloud ---
  { rows: ["R-015", "R-016"], because: byApi },
  { rows: ["R-033", "R-034"], because: byApi },
  { rows: ["R-036", "R-037"], because: byApi },
  { rows: ["R-046"], because: byApi },
  {
    rows: ["R-047"],
    because:
      "the address is read and kept (R-014); no key pair is needed, since nobody logs in: the gateway enrols by itself. One that exists can be named (gateway.keyName)",
  },
  { rows: ["R-048"], because: byApi },
  { rows: ["R-055"], because: byApi },
  { rows: ["R-057", "R-058"], because: byApi },
  { rows: ["R-073"], because: byApi },
  { rows: ["R-075", "R-076"], because: byApi },
  { rows: ["R-092"], because: byApi },
  { rows: ["R-094"], because: byApi },
  { rows: ["R-107"], because: byApi },
  { rows: ["R-109", "R-110"], because: byApi },

  // --- the agents ---
  { rows: ["R-117", "R-132"], because: windows },
  {
    rows: ["R-134"],
    because:
      "not needed: nobody calls the agent, so it is asked for no address of its own; it calls out, through whatever translates addresses",
  },
  { rows: ["R-135", "R-136"], because: windows },

  // --- limits of sources ---
  {
    rows: ["R-150"],
    because: "not needed: the agent brings its own runtime and installs no packages by yum",
  },

  // --- limits of targets ---
  {
    rows: ["R-163", "R-164"],
    because:
      "not needed on AWS: a clone is repaired at the gateway and takes the place of an instance's root; no image of HyperDoor is made. Windows is not built yet",
  },

  // --- readings ---
  { rows: ["X-07"], because: windows },
  { rows: ["X-08"], because: "a reading of R-150, which is not needed" },
  {
    rows: ["X-09"],
    because: "a reading of R-062 and R-180: default and warning, as their proofs show",
  },
  { rows: ["X-14"], because: "a reading of an empty section: S-08 to S-18 are its rows" },
  { rows: ["X-17"], because: "a slip of a title, with nothing to build" },

  // --- the supplement ---
  { rows: ["S-07"], because: windows },
  {
    rows: ["S-22"],
    because:
      "not needed: a gateway installs itself from what its cloud hands it at its first start; nobody logs in by SSH",
  },
  {
    rows: ["S-23"],
    because:
      "out of reach here: VMware as a source without an agent needs a vCenter or ESXi with its disk libraries",
  },
  {
    rows: ["S-24"],
    because: "out of reach here: a Ceph cluster as a source without an agent",
  },
  {
    rows: ["S-27"],
    because:
      "advice of the vendor for its own tool. Waves move 5 servers at once unless told, and the agent's CPU can be capped; its load with few changes is measured by no test",
  },
  {
    rows: ["S-28"],
    because: "out of reach here: an appliance that is filled at the source and shipped",
  },
  { rows: ["S-30"], because: "not built: the product sells no licences and asks for none" },
];

/** What the proofs of rows leave open; of the rows between, those that are proved. */
export const lacks: readonly Reason[] = [
  { rows: ["R-133"], because: "by the agent for Linux; the one for Windows is not built yet" },
  { rows: ["S-06"], because: "there is no iSCSI service: blocks go over a protocol of our own" },
  {
    rows: ["R-165"],
    because: "the check goes by what collected an inventory; agentless sources are not built yet",
  },
  { rows: ["R-187", "R-188"], because: "the check; an agent for Windows is not built yet" },
  { rows: ["R-191", "R-192"], because: "the check; an agent for Windows is not built yet" },
  { rows: ["S-09"], because: "images of HyperDoor are not asked for: AWS needs none" },
  {
    rows: ["S-12"],
    because:
      "an access key in place of account, user and password: it is signed with and never sent",
  },
  {
    rows: ["S-21"],
    because:
      "the gateway's ports and our own. No port 19981 and no 10080: nobody calls the agent, and machines fetch the program at 18766. vCenter, ESXi and private clouds are no sources or targets yet",
  },
  {
    rows: ["S-25"],
    because:
      "without force: a clean-up proves that nothing is left, and is repeated until it is so",
  },
  {
    rows: ["S-26"],
    because: "states and fields of our own, which say the same; a new password can't be given",
  },
];
