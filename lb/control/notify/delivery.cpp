// SPDX-License-Identifier: BSD-3-Clause
#include "lb/control/notify/delivery.h"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace lbd::control::notify {

namespace {

struct Upload {
    const std::string& text;
    std::size_t sent = 0;
};

std::size_t read_on(char* buffer, std::size_t size, std::size_t count, void* context) {
    auto& upload = *static_cast<Upload*>(context);
    const std::size_t length = upload.text.copy(buffer, size * count, upload.sent);
    upload.sent += length;
    return length;
}

int is_broken_off(void* context, curl_off_t /*download*/, curl_off_t /*downloaded*/,
                  curl_off_t /*upload*/, curl_off_t /*uploaded*/) {
    return static_cast<const std::atomic<bool>*>(context)->load() ? 1 : 0;
}

std::string url_of(const config::NotifyMail& mail) {
    const bool v6 = mail.server.find(':') != std::string::npos;
    const std::string host = v6 ? '[' + mail.server + ']' : mail.server;
    return "smtp://" + host + ':' + std::to_string(mail.port) + '/' + mail.helo;
}

struct Free {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::unique_ptr<curl_slist, Free> recipients(const config::NotifyMail& mail) {
    std::unique_ptr<curl_slist, Free> list;
    for (const std::string& address : mail.to) {
        curl_slist* longer = curl_slist_append(list.get(), ('<' + address + '>').c_str());
        if (longer == nullptr) return nullptr;
        static_cast<void>(list.release());
        list.reset(longer);
    }
    return list;
}

void limit(CURL* handle, const config::NotifyMail& mail, const std::atomic<bool>& broken_off) {
    const auto timeout = static_cast<long>(mail.timeout.count());
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    // QUIT is under no other limit, and is said before the transfer returns only on a connection
    // that is not kept.
    curl_easy_setopt(handle, CURLOPT_SERVER_RESPONSE_TIMEOUT, std::max(timeout / 1000, 1L));
    curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L); // does not wait for a resolver
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &is_broken_off);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, const_cast<std::atomic<bool>*>(&broken_off));
}

} // namespace

std::string deliver(const config::NotifyMail& mail, const std::string& text,
                    const std::atomic<bool>& broken_off) {
    const std::unique_ptr<CURL, Free> handle(curl_easy_init());
    const auto to = recipients(mail);
    if (!handle || !to) return "out of memory";
    limit(handle.get(), mail, broken_off);
    Upload upload{text};
    char reason[CURL_ERROR_SIZE] = "";
    curl_easy_setopt(handle.get(), CURLOPT_URL, url_of(mail).c_str());
    curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "smtp");
    curl_easy_setopt(handle.get(), CURLOPT_PROXY, ""); // not the environment's
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_FROM, ('<' + mail.from + '>').c_str());
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_RCPT, to.get());
    // One recipient that is refused is no reason to tell nobody.
    curl_easy_setopt(handle.get(), CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_READFUNCTION, &read_on);
    curl_easy_setopt(handle.get(), CURLOPT_READDATA, &upload);
    curl_easy_setopt(handle.get(), CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(text.size()));
    curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, reason);
    const CURLcode code = curl_easy_perform(handle.get());
    if (code == CURLE_OK) return {};
    return reason[0] != '\0' ? reason : curl_easy_strerror(code);
}

// libcurl is made ready before a second thread may do it, too.
Delivery::Delivery(boost::asio::io_context& io) : io_(io) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

Delivery::~Delivery() {
    broken_off_ = true;
    thread_.join();
}

void Delivery::start(const config::NotifyMail& mail, const std::string& text, Done done) {
    boost::asio::post(thread_, [this, mail, text, done = std::move(done)]() mutable {
        std::string failure = deliver(mail, text, broken_off_);
        boost::asio::post(io_, [alive = std::weak_ptr<int>(life_), done = std::move(done),
                                failure = std::move(failure)] {
            if (!alive.expired()) done(failure);
        });
    });
}

} // namespace lbd::control::notify
