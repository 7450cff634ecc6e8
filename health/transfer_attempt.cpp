// SPDX-License-Identifier: BSD-3-Clause
#include "health/transfer_attempt.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "health/local_error.h"
#include "health/page_judge.h"

namespace lbd::health {

namespace {

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
    curl_easy_setopt(easy, option, value);
}

std::string url_of(const Probe& probe, const std::string& path) {
    const char* scheme = probe.kind == Probe::Kind::https ? "https://" : "http://";
    // The name in the URL is the one that goes to the server, in TLS and in the Host header.
    std::string name = text_of(probe.address);
    if (!probe.host.empty()) name = probe.host;
    if (!probe.tls.name.empty()) name = probe.tls.name;
    const bool has_port = name.find(':', name.rfind(']') + 1) != std::string::npos;
    return scheme + name + (has_port ? "" : ':' + std::to_string(probe.port)) + path;
}

} // namespace

TransferAttempt::TransferAttempt(Transfers& transfers, Probe probe)
    : transfers_(transfers), probe_(std::move(probe)), easy_(curl_easy_init()) {
    if (!easy_) throw std::bad_alloc();
    set_common();
    set_http();
    if (probe_.kind == Probe::Kind::https) set_tls();
}

TransferAttempt::~TransferAttempt() {
    transfers_.remove(easy_.get());
}

void TransferAttempt::set_common() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_NOSIGNAL, 1L);
    set(easy, CURLOPT_PROXY, ""); // whatever the environment says
    set(easy, CURLOPT_FRESH_CONNECT, 1L);
    set(easy, CURLOPT_FORBID_REUSE, 1L);
    // There are no names to remember, and libcurl would look through thousands of addresses a
    // check.
    set(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    set(easy, CURLOPT_WRITEFUNCTION, &TransferAttempt::take);
    set(easy, CURLOPT_WRITEDATA, this);
    // Whatever name the URL has, it is this backend that is asked.
    const std::string target = "::" + text_of(probe_);
    connect_to_.reset(curl_slist_append(nullptr, target.c_str()));
    set(easy, CURLOPT_CONNECT_TO, connect_to_.get());
    if (!probe_.source.is_unspecified())
        set(easy, CURLOPT_INTERFACE, ("host!" + probe_.source.to_string()).c_str());
    set(easy, CURLOPT_SOCKOPTFUNCTION, &TransferAttempt::bind_to_interface);
    set(easy, CURLOPT_SOCKOPTDATA, this);
}

// libcurl binds to an interface or an address, not to both.
int TransferAttempt::bind_to_interface(void* self, curl_socket_t socket, curlsocktype) {
    const std::string& interface = static_cast<TransferAttempt*>(self)->probe_.interface;
    const bool bound =
        interface.empty() || setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(),
                                        static_cast<socklen_t>(interface.size() + 1)) == 0;
    return bound ? CURL_SOCKOPT_OK : CURL_SOCKOPT_ERROR;
}

void TransferAttempt::set_http() {
    CURL* easy = easy_.get();
    set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy, CURLOPT_HTTP_VERSION,
        static_cast<long>(probe_.http_1_0 ? CURL_HTTP_VERSION_1_0 : CURL_HTTP_VERSION_1_1));
    set(easy, CURLOPT_USERAGENT, "lbd");
    set(easy, CURLOPT_FOLLOWLOCATION, 0L); // a redirection is an answer
}

void TransferAttempt::set_tls() {
    CURL* easy = easy_.get();
    const Tls& tls = probe_.tls;
    set(easy, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
    set(easy, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
    set(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (!tls.authorities.empty()) set(easy, CURLOPT_CAINFO, tls.authorities.c_str());
    if (!tls.certificate.empty()) set(easy, CURLOPT_SSLCERT, tls.certificate.c_str());
    if (!tls.key.empty()) set(easy, CURLOPT_SSLKEY, tls.key.c_str());
}

void TransferAttempt::start(Done done) {
    done_ = std::move(done);
    started_ = std::chrono::steady_clock::now();
    page_ = 0;
    ask();
}

Milliseconds TransferAttempt::passed() const {
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - started_);
}

void TransferAttempt::ask() {
    CURL* easy = easy_.get();
    body_.clear();
    enough_ = false;
    set(easy, CURLOPT_URL, url_of(probe_, probe_.pages[page_].path).c_str());
    // All pages together have the time.
    const auto left = std::max<Milliseconds>(probe_.timeout - passed(), Milliseconds(1));
    set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
    set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left.count()));
    transfers_.add(easy, [this](CURLcode code) { ended(code); });
}

// What is not needed is not waited for: taking less than was given ends the transfer.
std::size_t TransferAttempt::take(const char* bytes, std::size_t size, std::size_t count,
                                  void* self) {
    auto& attempt = *static_cast<TransferAttempt*>(self);
    const std::size_t room = most_of_body - attempt.body_.size();
    attempt.body_.append(bytes, std::min(size * count, room));
    attempt.enough_ = !needs_body(attempt.probe_.pages[attempt.page_]) || size * count > room;
    return attempt.enough_ ? 0 : size * count;
}

void TransferAttempt::ended(CURLcode code) {
    const bool answered = code == CURLE_OK || (code == CURLE_WRITE_ERROR && enough_);
    if (!answered) {
        long error = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
        const bool local =
            (code == CURLE_COULDNT_CONNECT &&
             is_local({static_cast<int>(error), boost::system::system_category()})) ||
            code == CURLE_OUT_OF_MEMORY || code == CURLE_INTERFACE_FAILED ||
            code == CURLE_ABORTED_BY_CALLBACK || code == CURLE_SSL_CERTPROBLEM ||
            code == CURLE_SSL_CACERT_BADFILE;
        return finish(local ? Result::Kind::local_error : Result::Kind::failure, fault_of(code));
    }
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    std::string fault = page_fault(probe_.pages[page_], static_cast<unsigned>(status), body_);
    if (!fault.empty()) return finish(Result::Kind::failure, std::move(fault));
    if (++page_ < probe_.pages.size()) return ask();
    finish(Result::Kind::success, "status " + std::to_string(status));
}

std::string TransferAttempt::fault_of(CURLcode code) const {
    long error = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
    if (code == CURLE_COULDNT_CONNECT && error != 0)
        return boost::system::error_code(static_cast<int>(error), boost::system::system_category())
            .message();
    if (code == CURLE_OPERATION_TIMEDOUT) return "no complete answer in time";
    return curl_easy_strerror(code);
}

void TransferAttempt::finish(Result::Kind kind, std::string text) {
    // The callback may start the next attempt.
    const Done done = std::exchange(done_, nullptr);
    if (done) done({kind, std::move(text), passed()});
}

} // namespace lbd::health
