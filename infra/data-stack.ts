/** What must outlive every change of the rest: records, secrets, and what operators put there. */
import {
  CfnOutput,
  Duration,
  RemovalPolicy,
  Stack,
  type StackProps,
  Validations,
} from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import type { Construct } from "constructs";
import { addBucket } from "./bucket.ts";
import { callbackKeyName, listsBucketName, type Naming } from "./names.ts";

export class DataStack extends Stack {
  readonly table: TableV2;
  readonly callbackKey: Secret;
  /** Where operators put lists of servers for waves. */
  readonly lists: IBucket;

  constructor(scope: Construct, id: string, props: StackProps & { naming: Naming }) {
    super(scope, id, props);
    const text = (name: string) => ({ name, type: AttributeType.STRING });
    // The keys are store/store.ts's.
    this.table = new TableV2(this, "Records", {
      partitionKey: text("pk"),
      sortKey: text("sk"),
      globalSecondaryIndexes: [
        {
          indexName: "gsi1",
          partitionKey: text("kind"),
          sortKey: text("sk1"),
          projectionType: ProjectionType.ALL,
        },
      ],
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.awsManagedKey(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      dynamoStream: StreamViewType.NEW_IMAGE,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.callbackKey = new Secret(this, "CallbackKey", {
      secretName: callbackKeyName(props.naming),
      description: "Callback tokens of gateways are made with it",
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.lists = addBucket(this, "Lists", {
      bucketName: listsBucketName(this, props.naming),
      serverAccessLogsBucket: addBucket(this, "ListsAccessLogs", {
        lifecycleRules: [{ expiration: Duration.days(400) }],
      }),
    });
    new CfnOutput(this, "ListsBucket", { value: this.lists.bucketName });
    Validations.of(this.callbackKey).acknowledge({
      id: "AwsSolutions-SMG4",
      reason:
        "A new key would end every copy and repair under way: gateways report under tokens made with it. It guards nothing else, and tokens die with their task.",
    });
  }
}
