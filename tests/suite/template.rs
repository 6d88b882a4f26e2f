//! Tests of what `template.yaml` and the code both say.

use std::collections::BTreeSet;

use lambda::metrics::{HttpReport, IDS_LEFT, Metrics, NAMESPACE};
use protocol::{JoinReport, LEASE_SECONDS, PushReport};
use serde_json::Value;
use session::SignInReport;

use crate::permissions::policy::Template;
use support::embedded::database;

#[tokio::test]
async fn the_tables_of_the_tests_are_those_of_the_template() {
    let client = database().await.client();
    let template = Template::read();
    let tables = template.resources("AWS::DynamoDB::Table");
    assert_eq!(tables.len(), 7);
    for (name, properties) in tables {
        let described =
            client.describe_table().table_name(name).send().await.expect("the table is here");
        let table = described.table.expect("a table");
        let listed = |list: &str, first: &str, second: &str| -> Vec<(String, String)> {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let elements = properties[list].as_array().expect("a list");
            elements.iter().map(|element| (text(&element[first]), text(&element[second]))).collect()
        };
        let keys = table
            .key_schema()
            .iter()
            .map(|key| (key.attribute_name.clone(), key.key_type.as_str().to_owned()));
        assert_eq!(
            keys.collect::<Vec<_>>(),
            listed("KeySchema", "AttributeName", "KeyType"),
            "{name}"
        );
        let attributes = table.attribute_definitions().iter();
        let attributes =
            attributes.map(|a| (a.attribute_name.clone(), a.attribute_type.as_str().to_owned()));
        assert_eq!(
            attributes.collect::<Vec<_>>(),
            listed("AttributeDefinitions", "AttributeName", "AttributeType")
        );
        let stream =
            table.stream_specification().and_then(|stream| stream.stream_view_type.as_ref());
        let view = properties["StreamSpecification"]["StreamViewType"].as_str();
        assert_eq!(stream.map(aws_sdk_dynamodb::types::StreamViewType::as_str), view, "{name}");
    }
}

#[test]
fn the_local_server_allows_web_pages_what_the_template_does() {
    use local::cors::{ALLOW_HEADERS, ALLOW_METHODS, EXPOSE_HEADERS, MAX_AGE};
    let template = Template::read();
    let (_, api) = template.resources("AWS::ApiGatewayV2::Api")[0];
    let cors = &api["CorsConfiguration"]["Fn::If"][1];
    for (name, local) in [
        ("AllowMethods", ALLOW_METHODS),
        ("AllowHeaders", ALLOW_HEADERS),
        ("ExposeHeaders", EXPOSE_HEADERS),
    ] {
        let listed = cors[name].as_array().expect("a list").iter();
        let listed: Vec<&str> = listed.map(|value| value.as_str().expect("a text")).collect();
        assert_eq!(listed.join(", "), local, "{name}");
    }
    assert_eq!(cors["MaxAge"].to_string(), MAX_AGE);
}

#[test]
fn alarms_and_dashboard_show_the_metrics_that_exist() {
    let pushes = PushReport { slowest_ms: Some(1), ..PushReport::default() };
    let http = HttpReport::default().metrics();
    let sign_ins = SignInReport::default().metrics();
    let metrics = [JoinReport::default().metrics(), pushes.metrics(), http, sign_ins].concat();
    let names = metrics.into_iter().map(|(name, ..)| name).chain([IDS_LEFT]);
    let known: BTreeSet<_> = names.map(str::to_owned).collect();
    let template = Template::read();
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    let single = alarms.iter().map(|(_, alarm)| *alarm);
    let several = alarms.iter().filter_map(|(_, alarm)| alarm["Metrics"].as_array()).flatten();
    let watched = single.chain(several.map(|metric| &metric["MetricStat"]["Metric"]));
    let watched = watched.filter(|metric| metric["Namespace"] == NAMESPACE);
    let watched: BTreeSet<_> =
        watched.filter_map(|metric| metric["MetricName"].as_str()).map(str::to_owned).collect();
    assert!(watched.is_subset(&known) && watched.len() >= 3, "{watched:?} of {known:?}");
    assert_eq!(shown(&template), known, "the dashboard shows all metrics");
}

#[test]
fn a_lease_outlasts_the_function_and_a_failed_push_waits_for_longer() {
    let template = Template::read();
    let property = |kind: &str, name: &str, property: &str| {
        let resources = template.resources(kind);
        let found = resources.iter().find(|(resource, _)| *resource == name);
        found.and_then(|(_, properties)| properties[property].as_u64()).expect("a number")
    };
    assert!(property("AWS::Serverless::Function", "PushFunction", "Timeout") < LEASE_SECONDS);
    assert!(property("AWS::SQS::Queue", "PushesQueue", "VisibilityTimeout") > LEASE_SECONDS);
}

/// Returns our metrics on the dashboard.
fn shown(template: &Template) -> BTreeSet<String> {
    let [(_, dashboard)] = template.resources("AWS::CloudWatch::Dashboard")[..] else {
        panic!("there is not exactly one dashboard")
    };
    let body = dashboard["DashboardBody"]["Fn::Sub"][0].as_str().expect("a text");
    let body: Value = serde_json::from_str(body).expect("JSON");
    let widgets = body["widgets"].as_array().expect("widgets");
    let lines =
        widgets.iter().map(|widget| widget["properties"]["metrics"].as_array().expect("metrics"));
    // A line of a widget leaves out what is the same as in the line before it.
    let ours = lines.filter(|lines| lines[0][0] == NAMESPACE).flatten();
    ours.filter_map(|line| line[1].as_str()).map(str::to_owned).collect()
}
