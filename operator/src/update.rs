//! Updates of a stack that change parameters and nothing else.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use aws_sdk_cloudformation::types::{Capability, Parameter, Stack};

use crate::stack::{Deployed, OperatorError};
use crate::tables::failed;

/// How long to wait before a stack is looked at again.
const PAUSE: Duration = Duration::from_secs(2);

/// Updates a stack with these parameters, its own template and the former values of all others, and
/// waits until it is done.
pub(crate) async fn update(
    deployed: &Deployed,
    parameters: &BTreeMap<String, String>,
) -> Result<(), OperatorError> {
    let client = Client::new(&deployed.sdk);
    let name = deployed.name.as_str();
    // An update that was begun before goes on first.
    settled(&client, name).await?;
    let given = deployed
        .parameters
        .keys()
        .filter(|name| !parameters.contains_key(*name))
        .map(|name| Parameter::builder().parameter_key(name).use_previous_value(true).build());
    let set = parameters.iter().map(|(name, value)| {
        Parameter::builder().parameter_key(name).parameter_value(value).build()
    });
    let sent = client
        .update_stack()
        .stack_name(name)
        .use_previous_template(true)
        .set_parameters(Some(given.chain(set).collect()))
        .capabilities(Capability::CapabilityIam)
        .capabilities(Capability::CapabilityAutoExpand)
        .send()
        .await;
    if let Err(error) = sent {
        let message = error.as_service_error().and_then(ProvideErrorMetadata::message);
        if !message.is_some_and(|message| message.contains("No updates are to be performed")) {
            return Err(failed("UpdateStack", name, &error));
        }
    }
    let stack = settled(&client, name).await?;
    let status = status(&stack);
    if status != "UPDATE_COMPLETE" {
        return Err(OperatorError::Update { name: name.to_owned(), status });
    }
    Ok(())
}

/// Waits until an update that is going on has ended. Returns whether there was one.
pub(crate) async fn ended(deployed: &Deployed) -> Result<bool, OperatorError> {
    if !deployed.status.ends_with("_IN_PROGRESS") {
        return Ok(false);
    }
    settled(&Client::new(&deployed.sdk), &deployed.name).await?;
    Ok(true)
}

/// Waits until nothing is being changed.
async fn settled(client: &Client, name: &str) -> Result<Stack, OperatorError> {
    loop {
        let asked = client.describe_stacks().stack_name(name).send().await;
        let answer = asked.map_err(|error| failed("DescribeStacks", name, &error))?;
        let stack = answer.stacks.unwrap_or_default().pop();
        let stack = stack.ok_or_else(|| OperatorError::NoStack {
            name: name.to_owned(),
            reason: "there is no such stack".to_owned(),
        })?;
        if !status(&stack).ends_with("_IN_PROGRESS") {
            return Ok(stack);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn status(stack: &Stack) -> String {
    stack.stack_status.as_ref().map(|status| status.as_str().to_owned()).unwrap_or_default()
}
