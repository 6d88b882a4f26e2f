//! Reads what `template.yaml` allows, in the same terms as the recorded calls.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use yaml_serde::Value as Yaml;

/// An action of IAM, and the logical id or the parameter that names its resource.
pub type Grant = (String, String);

/// The suffix that marks the endpoints of a platform application, as opposed to the application
/// itself.
const ENDPOINTS: &str = " endpoints";

/// How the ARN of a table begins whose name is a parameter.
const TABLE: &str = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${";

/// The template, with CloudFormation's short forms spelled out.
pub struct Template(Value);

impl Template {
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("template.yaml");
        let text = std::fs::read_to_string(path).expect("the template is there");
        Self(spelled_out(yaml_serde::from_str(&text).expect("the template is YAML")))
    }

    /// Returns the properties of all resources of a type, by logical id.
    pub fn resources(&self, kind: &str) -> Vec<(&str, &Value)> {
        let resources = self.0["Resources"].as_object().expect("resources");
        let of_kind = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        of_kind.map(|(name, resource)| (name.as_str(), &resource["Properties"])).collect()
    }

    /// Returns the folder of a function's crate.
    pub fn folder(&self, function: &str) -> PathBuf {
        let folder =
            self.0["Resources"][function]["Properties"]["CodeUri"].as_str().expect("a folder");
        Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
    }

    /// Returns what the function with this logical id may do, by its own policy and by those that
    /// it shares.
    pub fn grants(&self, function: &str) -> BTreeSet<Grant> {
        let policies = &self.0["Resources"][function]["Properties"]["Policies"];
        let [policy] =
            &policies.as_array().unwrap_or_else(|| panic!("{function} has no policies"))[..]
        else {
            panic!("{function} should have one policy, and has {policies}")
        };
        let role = format!("{function}Role");
        let shared = self.resources("AWS::IAM::Policy").into_iter().map(|(_, policy)| policy);
        let shared = shared
            .filter(|policy| listed(&policy["Roles"]).into_iter().any(|of| resource(of) == role));
        let documents = shared.map(|policy| &policy["PolicyDocument"]).chain([policy]);
        let statements =
            documents.flat_map(|document| document["Statement"].as_array().expect("statements"));
        with_endpoints_folded(statements.flat_map(grants_of).collect())
    }
}

fn spelled_out(value: Yaml) -> Value {
    match value {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => name.to_owned(),
                name => format!("Fn::{name}"),
            };
            Value::Object(Map::from_iter([(name, spelled_out(tagged.value))]))
        }
        Yaml::Mapping(fields) => Value::Object(
            fields.into_iter().map(|(key, value)| (text(&key), spelled_out(value))).collect(),
        ),
        Yaml::Sequence(values) => values.into_iter().map(spelled_out).collect(),
        other => serde_json::to_value(other).expect("a scalar is JSON"),
    }
}

fn text(key: &Yaml) -> String {
    key.as_str().expect("keys are texts").to_owned()
}

fn grants_of(statement: &Value) -> Vec<Grant> {
    if let Some([_, statement, otherwise]) = statement["Fn::If"].as_array().map(Vec::as_slice) {
        assert_eq!(otherwise["Ref"], "AWS::NoValue", "the alternative is to leave it out");
        return grants_of(statement);
    }
    assert_eq!(statement["Effect"], "Allow", "{statement}");
    let actions = listed(&statement["Action"]);
    let resources: Vec<String> = listed(&statement["Resource"]).into_iter().map(resource).collect();
    let pair = |action: &Value| {
        let action = action.as_str().expect("an action is a text").to_owned();
        assert!(!action.contains('*'), "{action} names one action");
        resources.iter().map(move |resource| (action.clone(), resource.clone())).collect::<Vec<_>>()
    };
    actions.into_iter().flat_map(pair).collect()
}

fn listed(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

/// Returns the logical id or the parameter that names a resource.
fn resource(value: &Value) -> String {
    let fields = value.as_object().unwrap_or_else(|| panic!("{value} does not name its resource"));
    let (function, argument) = fields.iter().next().expect("a function");
    match (function.as_str(), argument) {
        ("Ref", Value::String(name)) => name.clone(),
        ("Fn::GetAtt", Value::String(path)) => {
            path.strip_suffix(".Arn").expect("an ARN").to_owned()
        }
        ("Fn::Sub", Value::String(pattern)) => {
            match pattern.strip_prefix(TABLE).and_then(|rest| rest.split_once('}')) {
                Some((restored, rest)) => {
                    format!(
                        "{}{rest}",
                        restored
                            .strip_prefix("Restored")
                            .expect("the parameter of a restored table")
                    )
                }
                None => pattern.replace("${", "").replace(".Arn}", ""),
            }
        }
        ("Fn::If", Value::Array(parts)) if parts[2]["Ref"] == "AWS::NoValue" => resource(&parts[1]),
        // A restored table or the stack's own: what is allowed on the one is allowed on the other.
        ("Fn::If", Value::Array(parts)) => {
            let (restored, own) = (resource(&parts[1]), resource(&parts[2]));
            assert_eq!(restored, own, "{value}");
            assert_eq!(
                parts[0],
                format!("HasRestored{}", own.trim_end_matches("/stream/*")),
                "{value}"
            );
            own
        }
        ("Fn::Join", Value::Array(parts)) => {
            let pattern = parts[1]["Fn::Split"][1]["Fn::Sub"].as_str().expect("a pattern");
            let name = pattern
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix("}/*"))
                .expect("a parameter");
            format!("{name}{ENDPOINTS}")
        }
        _ => panic!("{value} names a resource in a way that this test doesn't know"),
    }
}

/// SNS authorises some calls about an endpoint on its application, and doesn't document which ones.
/// So the two are always allowed together, and count as one.
fn with_endpoints_folded(grants: BTreeSet<Grant>) -> BTreeSet<Grant> {
    let (sns, mut folded): (BTreeSet<_>, BTreeSet<_>) =
        grants.into_iter().partition(|(action, _)| action.starts_with("sns:"));
    for (action, resource) in &sns {
        let application = resource.strip_suffix(ENDPOINTS).unwrap_or(resource);
        for both in [application.to_owned(), format!("{application}{ENDPOINTS}")] {
            assert!(
                sns.contains(&(action.clone(), both.clone())),
                "{action} is allowed on {both} too"
            );
        }
        folded.insert((action.clone(), application.to_owned()));
    }
    folded
}
