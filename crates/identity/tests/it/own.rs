//! One's own password and second factor.

use lineshaft_identity::{ChangeError, Denied, Grant, LoginError, Permission, Scope, Standing};

use crate::node::{Node, OTHER, PASSWORD, policy, secret};

/// What the person's app would show at the clock's time.
pub(crate) fn code(node: &Node, base32: &str) -> String {
    let secret = totp_rs::Secret::try_from_base32(base32).unwrap();
    let totp = totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_secret(secret.as_bytes().to_vec())
        .build()
        .unwrap();
    totp.generate(u64::try_from(node.clock.now().millis() / 1_000).unwrap()).to_string()
}

/// Adds a second factor; gives its secret and the recovery codes.
pub(crate) async fn enrol(node: &Node, pass: &lineshaft_identity::Pass) -> (String, Vec<String>) {
    let begun = node.identity.enrol_factor(pass, &secret(PASSWORD)).await.unwrap();
    let base32 = begun.secret.reveal().to_owned();
    assert!(begun.uri.reveal().starts_with("otpauth://totp/") && !begun.qr.is_empty());
    let (codes, _) = node.identity.confirm_factor(pass, &code(node, &base32)).await.unwrap();
    (base32, codes.iter().map(|code| code.reveal().to_owned()).collect())
}

/// Proves: P11-08.
#[tokio::test]
async fn a_first_password_must_be_changed_before_anything_else() {
    let node = Node::new();
    let account = lineshaft_identity::NewAccount {
        account: "ada".into(),
        full_name: "Ada".into(),
        kind: lineshaft_identity::AccountKind::Person,
        password: Some(secret(PASSWORD)),
        grants: vec![Grant::everywhere("admin")],
        expires: None,
    };
    node.identity.create_account(&node.root(), account, "").await.unwrap();
    let ada = node.login("ada").await.pass;
    assert_eq!(ada.standing(), Standing::PasswordDue);
    assert_eq!(ada.may(Permission::ReadPlant, &Scope::Somewhere), Err(Denied::PasswordDue));
    assert!(!ada.sees("a") && ada.parts(Permission::ReadPlant, "").is_empty());
    let role = node.identity.delete_role(&ada, "x", "").await;
    assert!(matches!(role, Err(ChangeError::Denied(Denied::PasswordDue))));
    let same = node.identity.change_password(&ada, &secret(PASSWORD), &secret(PASSWORD)).await;
    assert!(matches!(same, Err(ChangeError::Password { .. })));
    node.identity.change_password(&ada, &secret(PASSWORD), &secret(OTHER)).await.unwrap();
    assert_eq!(ada.standing(), Standing::Live);
    assert!(ada.sees("a"));
}

/// Proves: P11-36.
#[tokio::test]
async fn a_new_password_ends_all_other_sessions() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let (here, there) = (node.login("ada").await.pass, node.login("ada").await.pass);
    let wrong = node.identity.change_password(&here, &secret("wrong"), &secret(OTHER)).await;
    assert!(matches!(wrong, Err(ChangeError::Wrong)));
    assert!(there.is_live());
    node.identity.change_password(&here, &secret(PASSWORD), &secret(OTHER)).await.unwrap();
    assert!(here.is_live() && !there.is_live());
    assert!(node.login_with("ada", PASSWORD).await.is_err());
    let (root, next) = (node.root(), secret("thirteen quiet owls"));
    node.identity.reset_password(&root, "ada", &next, "").await.unwrap();
    assert!(!here.is_live());
    let again = node.login_with("ada", "thirteen quiet owls").await.unwrap();
    assert_eq!(again.pass.standing(), Standing::PasswordDue);
}

/// Proves: CR 1.7, P11-07.
#[tokio::test]
async fn the_last_five_passwords_do_not_come_back() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await.pass;
    let words = ["walrus", "granite", "trombone", "lagoon", "saffron", "meteor"];
    let numbered = |n: usize| format!("{} beside the {} {n}", words[n % 6], words[(n + 2) % 6]);
    let mut present = PASSWORD.to_owned();
    for n in 0..5 {
        let next = numbered(n);
        node.identity.change_password(&ada, &secret(&present), &secret(&next)).await.unwrap();
        present = next;
    }
    for n in 0..5 {
        let again = secret(&numbered(n));
        let changed = node.identity.change_password(&ada, &secret(&present), &again).await;
        assert!(matches!(changed, Err(ChangeError::Password { .. })), "{n}");
    }
    node.identity.change_password(&ada, &secret(&present), &secret(PASSWORD)).await.unwrap();
}

/// Proves: P11-06.
#[tokio::test]
async fn a_password_has_a_lifetime_where_the_plant_gives_it_one() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let mut strict = policy();
    strict.password.lifetime = Some(std::time::Duration::from_secs(3_600));
    node.identity.set_policy(strict);
    let ada = node.login("ada").await.pass;
    node.advance(3_599);
    let ada_now = node.login("ada").await.pass;
    assert!(ada_now.sees("a"));
    node.advance(2);
    assert_eq!(ada_now.standing(), Standing::PasswordDue);
    assert!(!ada.sees("a"));
}

/// Proves: P11-13.
#[tokio::test]
async fn with_a_second_factor_a_password_alone_is_not_enough() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await.pass;
    assert!(matches!(
        node.identity.confirm_factor(&ada, "123456").await,
        Err(ChangeError::NoSuch { .. })
    ));
    let (base32, recovery) = enrol(&node, &ada).await;
    assert_eq!(recovery.len(), 8);
    assert!(ada.about().factor);
    assert!(matches!(node.login_with("ada", PASSWORD).await, Err(LoginError::CodeNeeded)));
    // The code that proved the app is spent.
    let spent = code(&node, &base32);
    assert!(node.login_code("ada", PASSWORD, Some(&spent)).await.is_err());
    node.advance(30);
    let fresh = code(&node, &base32);
    assert!(node.login_code("ada", "wrong", Some(&fresh)).await.is_err());
    node.login_code("ada", PASSWORD, Some(&fresh)).await.unwrap();
    assert!(node.login_code("ada", PASSWORD, Some(&fresh)).await.is_err());
    // Nor after a restart.
    let node = node.restart();
    assert!(node.login_code("ada", PASSWORD, Some(&fresh)).await.is_err());
    node.login_code("ada", PASSWORD, Some(&recovery[3])).await.unwrap();
    assert!(node.login_code("ada", PASSWORD, Some(&recovery[3])).await.is_err());
}

#[tokio::test]
async fn two_logins_with_one_code_are_one() {
    let mut patient = policy();
    patient.lockout.attempts = 100;
    let node = Node::with(patient);
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await.pass;
    let (base32, _) = enrol(&node, &ada).await;
    for _ in 0..5 {
        node.advance(30);
        let fresh = code(&node, &base32);
        let (one, two) = tokio::join!(
            node.login_code("ada", PASSWORD, Some(&fresh)),
            node.login_code("ada", PASSWORD, Some(&fresh)),
        );
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    }
}

#[tokio::test]
async fn wrong_codes_count_like_wrong_passwords() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await.pass;
    let (base32, _) = enrol(&node, &ada).await;
    node.advance(30);
    for _ in 0..5 {
        let wrong = node.login_code("ada", PASSWORD, Some("000000")).await;
        assert!(matches!(wrong, Err(LoginError::Wrong)));
    }
    let right = code(&node, &base32);
    assert!(matches!(node.login_code("ada", PASSWORD, Some(&right)).await, Err(LoginError::Wrong)));
}

/// Proves: P11-13.
#[tokio::test]
async fn a_role_can_need_a_second_factor() {
    let mut strict = policy();
    strict.second_factor = vec!["admin".into()];
    let node = Node::with(strict);
    node.person("ada", &[Grant::everywhere("admin")]).await;
    let ada = node.login("ada").await.pass;
    assert_eq!(ada.standing(), Standing::FactorDue);
    assert_eq!(ada.may(Permission::ReadPlant, &Scope::Somewhere), Err(Denied::FactorDue));
    enrol(&node, &ada).await;
    assert_eq!(ada.standing(), Standing::Live);
    let dropped = node.identity.drop_own_factor(&ada, &secret(PASSWORD), "").await;
    assert!(dropped.unwrap_err().to_string().contains("needs a second factor"));
    // Another admin can, and then it is due again.
    node.identity.drop_factor(&node.root(), "ada", "phone lost").await.unwrap();
    assert!(!ada.is_live());
    assert_eq!(node.login("ada").await.pass.standing(), Standing::FactorDue);
}

#[tokio::test]
async fn one_removes_ones_own_factor_with_the_password_and_no_other_way() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("admin")]).await;
    let ada = node.login("ada").await.pass;
    enrol(&node, &ada).await;
    let as_admin = node.identity.drop_factor(&ada, "ada", "").await;
    assert!(as_admin.unwrap_err().to_string().contains("one's own password"));
    let reset = node.identity.reset_password(&ada, "ada", &secret(OTHER), "").await;
    assert!(reset.unwrap_err().to_string().contains("one's own password"));
    let wrong = node.identity.drop_own_factor(&ada, &secret("wrong"), "").await;
    assert!(matches!(wrong, Err(ChangeError::Wrong)));
    node.identity.drop_own_factor(&ada, &secret(PASSWORD), "").await.unwrap();
    node.login("ada").await;
}

#[tokio::test]
async fn an_enrolment_waits_for_ten_minutes() {
    let node = Node::new();
    node.person("ada", &[Grant::everywhere("viewer")]).await;
    let ada = node.login("ada").await.pass;
    let begun = node.identity.enrol_factor(&ada, &secret(PASSWORD)).await.unwrap();
    assert!(node.identity.confirm_factor(&ada, "000000").await.is_err());
    node.advance(600);
    let late = code(&node, begun.secret.reveal());
    assert!(matches!(
        node.identity.confirm_factor(&ada, &late).await,
        Err(ChangeError::NoSuch { .. })
    ));
    assert!(!ada.about().factor);
}

#[tokio::test]
async fn what_has_no_password_has_nothing_of_its_own_to_change() {
    let node = Node::new();
    let changed = node.identity.change_password(&node.root(), &secret("x"), &secret(OTHER)).await;
    assert!(changed.unwrap_err().to_string().contains("only a person"));
    assert!(node.identity.logout(&node.root()).await.is_err());
}
