/** What machines and people download, behind CloudFront: the packed data plane, later the console. */
import { RemovalPolicy, Stack, type StackProps, Validations } from "aws-cdk-lib";
import {
  Distribution,
  HttpVersion,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { S3BucketOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { type IBucket, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Asset } from "aws-cdk-lib/aws-s3-assets";
import { BucketDeployment, Source } from "aws-cdk-lib/aws-s3-deployment";
import type { Construct } from "constructs";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { addBucket } from "./bucket.ts";

export interface Software {
  /** Folder that holds the packed data plane, and nothing else. */
  readonly folder: string;
  readonly fileName: string;
  readonly sha256: string;
}

export class SiteStack extends Stack {
  /** Where a bare machine gets the gateway's program. */
  readonly softwareUrl: string;

  constructor(scope: Construct, id: string, props: StackProps & { software: Software }) {
    super(scope, id, props);
    const { software } = props;
    const logs = addBucket(this, "AccessLogs", {
      objectOwnership: ObjectOwnership.BUCKET_OWNER_PREFERRED,
    });
    const files = addBucket(this, "Files", {
      serverAccessLogsBucket: logs,
      serverAccessLogsPrefix: "files/",
    });
    const distribution = new Distribution(this, "Distribution", {
      comment: "HyperMotion: downloads",
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(files),
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        responseHeadersPolicy: ResponseHeadersPolicy.SECURITY_HEADERS,
      },
      httpVersion: HttpVersion.HTTP2_AND_3,
      enableLogging: true,
      logBucket: logs,
      logFilePrefix: "cloudfront/",
    });
    this.upload(software, files);
    this.softwareUrl = `https://${distribution.distributionDomainName}/downloads/${software.sha256}/${software.fileName}`;
    this.acknowledge(distribution);
  }

  private upload({ folder, sha256 }: Software, files: IBucket): void {
    const asset = new Asset(this, "Packed", { path: folder });
    const place = `downloads/${sha256}`;
    const written = files.arnForObjects("downloads/*");
    const logGroup = new LogGroup(this, "UploadLog", {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The role CDK would make may do everything to both buckets.
    const role = new Role(this, "UploadRole", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: "Puts the packed data plane where gateways fetch it, while a deployment runs",
      inlinePolicies: {
        Needs: new PolicyDocument({
          statements: [
            allow(["s3:GetObject"], asset.bucket.arnForObjects(asset.s3ObjectKey)),
            allow(["s3:ListBucket"], files.bucketArn),
            allow(["s3:PutObject"], written),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], logGroup.logGroupArn),
          ],
        }),
      },
    });
    acknowledgeWildcard(role, written, "Files are called by their digest, which is new each time.");
    new BucketDeployment(this, "Software", {
      sources: [Source.bucket(asset.bucket, asset.s3ObjectKey)],
      destinationBucket: files,
      destinationKeyPrefix: place,
      // Gateways of an earlier version may still be starting.
      prune: false,
      memoryLimit: 512,
      role: role.withoutPolicyUpdates(),
      logGroup,
    });
    for (const child of this.node.children) {
      if (!child.node.id.startsWith("Custom::CDKBucketDeployment")) continue;
      Validations.of(child).acknowledge({
        id: "AwsSolutions-L1",
        reason:
          "CDK's own helper, which runs only while a deployment does; CDK chooses its runtime.",
      });
    }
  }

  private acknowledge(distribution: Distribution): void {
    Validations.of(distribution).acknowledge(
      {
        id: "AwsSolutions-CFR1",
        reason: "Gateways fetch from wherever the target's region is; downloads are public.",
      },
      {
        id: "AwsSolutions-CFR2",
        reason:
          "Static files behind a cache, without any input: nothing for a firewall to look at.",
      },
      {
        id: "AwsSolutions-CFR4",
        reason:
          "CloudFront's own domain allows no other certificate policy. What is fetched is known by its digest, so the way there is not trusted.",
      },
    );
  }
}

const allow = (actions: string[], resource: string) =>
  new PolicyStatement({ actions, resources: [resource] });
