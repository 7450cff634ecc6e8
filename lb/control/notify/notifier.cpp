// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/notifier.h"

#include <syslog.h>

#include <algorithm>
#include <utility>

#include "lb/control/log.h"

namespace lbd::control::notify {

using config::Occasion;

namespace {

Event event_of(Occasion occasion, const std::string& name, std::string_view reason) {
    return {occasion, name, "", 0, std::string(reason), std::time(nullptr)};
}

Event backend_event(bool up, const config::Service& service, const config::Backend& backend,
                    std::string_view reason) {
    Event event = event_of(up ? Occasion::up : Occasion::down, service.name, reason);
    event.backend = text_of(backend);
    return event;
}

Event quorum_event(bool there, const std::string& service, std::string_view reason) {
    return event_of(there ? Occasion::quorum_regained : Occasion::quorum_lost, service, reason);
}

int severity_of(Occasion occasion) {
    return is_trouble(occasion) ? LOG_WARNING : LOG_NOTICE;
}

} // namespace

Notifier::Notifier(boost::asio::io_context& io) : io_(io), scripts_(io), waiting_(io) {}

Notifier::~Notifier() = default;

void Notifier::adopt(const config::Config& config) {
    former_ = std::exchange(own_, {});
    for (const config::Service& service : config.services) {
        own_[object_of(quorum_event(true, service.name, ""))] = service.notify;
        for (const config::Backend& backend : service.backends)
            own_[object_of(backend_event(true, service, backend, ""))] = backend.notify;
    }
    for (const config::VrrpInstance& instance : config.vrrp)
        own_[object_of(event_of(Occasion::stop, instance.name, ""))] = instance.notify;
    std::erase_if(told_, [this](const auto& told) { return !own_.contains(told.first); });

    const config::Notifications before = std::exchange(settings_, config.notifications);
    if (before.syslog != settings_.syslog) {
        syslog_.reset();
        if (!settings_.syslog.empty()) syslog_.emplace(settings_.syslog, "/dev/log");
    }
    if (!settings_.mail)
        mail_.reset();
    else if (mail_)
        mail_->adopt(*settings_.mail);
    else
        mail_.emplace(io_, *settings_.mail, config.name);
}

void Notifier::backend_is(bool up, const config::Service& service, const config::Backend& backend,
                          const std::string& reason) {
    const Event event = backend_event(up, service, backend, reason);
    bool first = false;
    if (is_news(event, first)) tell(event, !first || !up);
}

void Notifier::quorum_is(bool there, const std::string& service) {
    Event event =
        quorum_event(there, service, there ? "enough backends are up" : "too few backends are up");
    bool first = false;
    if (is_news(event, first)) tell(event, !first || !there);
}

void Notifier::router_is(Occasion state, const std::string& instance, unsigned priority,
                         std::string_view reason) {
    Event event = event_of(state, instance, reason);
    event.priority = priority;
    tell(event, true);
}

bool Notifier::is_news(const Event& event, bool& first) {
    const auto [told, fresh] = told_.emplace(object_of(event), event.occasion);
    first = fresh;
    return std::exchange(told->second, event.occasion) != event.occasion || fresh;
}

void Notifier::tell(const Event& event, bool worth_a_mail) {
    if (finished_) return;
    tell_programs(event);
    if (syslog_) syslog_->tell(severity_of(event.occasion), line(event), event.when);
    if (mail_ && worth_a_mail) mail_->tell(event);
}

void Notifier::tell_programs(const Event& event) {
    const auto scripts = listeners(event);
    if (!scripts.empty()) scripts_.tell(event, scripts);
}

std::vector<config::NotifyScript> Notifier::listeners(const Event& event) const {
    std::vector<config::NotifyScript> listeners;
    const auto listen = [&](const std::vector<config::NotifyScript>& scripts) {
        for (const config::NotifyScript& script : scripts)
            if (std::find(script.on.begin(), script.on.end(), event.occasion) != script.on.end())
                listeners.push_back(script);
    };
    const std::string object = object_of(event);
    const auto own = own_.find(object);
    const auto former = former_.find(object);
    if (own != own_.end())
        listen(own->second);
    else if (former != former_.end())
        listen(former->second);
    listen(settings_.scripts);
    return listeners;
}

void Notifier::leave_backend(const config::Service& service, const config::Backend& backend) {
    tell_programs(backend_event(false, service, backend, "lbd stops"));
}

void Notifier::leave_quorum(const config::Service& service) {
    tell_programs(quorum_event(false, service.name, "lbd stops"));
}

void Notifier::finish(std::chrono::milliseconds longest, std::function<void()> done) {
    finished_ = true;
    if (mail_) mail_->hurry();
    await_delivery(std::chrono::steady_clock::now() + longest, std::move(done));
}

bool Notifier::delivered() const {
    return scripts_.idle() && (!mail_ || mail_->outbox().pending() == 0);
}

void Notifier::await_delivery(std::chrono::steady_clock::time_point deadline,
                              std::function<void()> done) {
    const bool late = std::chrono::steady_clock::now() >= deadline;
    if (!delivered() && late)
        log(LogLevel::warning, "not all notifications were delivered before the end");
    if (delivered() || late) return done();
    waiting_.expires_after(std::chrono::milliseconds(5));
    waiting_.async_wait(
        [this, deadline, done = std::move(done)](const boost::system::error_code& aborted) {
            if (!aborted) await_delivery(deadline, done);
        });
}

boost::json::object Notifier::status() const {
    boost::json::object scripts;
    scripts["run"] = scripts_.run();
    scripts["failed"] = scripts_.failed();
    scripts["dropped"] = scripts_.backlog().dropped();
    scripts["superseded"] = scripts_.backlog().superseded();
    scripts["waiting"] = scripts_.backlog().waiting();
    scripts["running"] = scripts_.backlog().under_way();
    scripts["last_error"] = scripts_.last_error();
    boost::json::object mail;
    mail["sent"] = mail_ ? mail_->outbox().sent() : 0;
    mail["failed"] = mail_ ? mail_->outbox().given_up() : 0;
    mail["pending"] = mail_ ? mail_->outbox().pending() : 0;
    mail["last_error"] = mail_ ? mail_->last_error() : "";
    boost::json::object syslog;
    syslog["told"] = syslog_ ? syslog_->told() : 0;
    syslog["lost"] = syslog_ ? syslog_->lost() : 0;
    boost::json::object all;
    all["scripts"] = std::move(scripts);
    all["mail"] = std::move(mail);
    all["syslog"] = std::move(syslog);
    return all;
}

} // namespace lbd::control::notify
